// Conformance with RFC 9110 and RFC 9112: each case is named by the section it is about.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
