"""The rows of the request-smuggling matrix: what is sent, and what must come of it.

Every row is sent with a probe (a second request) right behind it, whole and byte by byte. Three
outcomes exist, and no other is safe:

  refused  one answer with the row's status, then the connection ends; nothing reaches the origin
  cut      the same, but the fault lies in a body whose head may have gone on: what the origin got
           is nothing, or a request that never becomes complete
  passed   the origin gets exactly one well-formed request, the one that the row says, and then the
           probe as a request of its own
"""

GROUPS = []


class Row:
    def __init__(self, name, raw, outcome, status=400, method="GET", target="/", body=b"",
                 host="h", fields=(), note=""):
        self.name = name
        self.raw = raw
        self.outcome = outcome
        self.status = status
        self.method = method
        self.target = target
        self.body = body
        self.host = host
        self.fields = fields  # (name, value or None): what the origin must see of them
        self.note = note



def group(title):
    rows = []
    GROUPS.append((title, rows))

    def add(outcome):
        def row(name, raw, **options):
            rows.append(Row(name, raw, outcome, **options))
        return row

    return add("refused"), add("cut"), add("passed")


def head(*lines, start=b"GET / HTTP/1.1", host=b"h", body=b""):
    """A head with a Host, and lines that may be anything."""
    first = [start] + ([b"Host: " + host] if host is not None else [])
    return b"\r\n".join([*first, *lines]) + b"\r\n\r\n" + body


def post(*lines, body=b""):
    return head(*lines, start=b"POST / HTTP/1.1", body=body)


def in_chunks(body, *lines):
    return post(b"Transfer-Encoding: chunked", *lines, body=body)


CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
ROW = dict(method="POST", body=b"hello")

refused, cut, passed = group("Two ways to tell a length")
refused("Content-Length, then Transfer-Encoding",
        post(b"Content-Length: 15", b"Transfer-Encoding: chunked", body=CHUNKS))
refused("Transfer-Encoding, then Content-Length",
        post(b"Transfer-Encoding: chunked", b"Content-Length: 15", body=CHUNKS))
refused("Content-Length of 0 beside a coding",
        post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=CHUNKS))
refused("a coding unlike any beside Content-Length",
        post(b"Content-Length: 5", b"Transfer-Encoding: x", body=b"hello"))
refused("a coding whose line is folded, beside Content-Length",
        post(b"Content-Length: 5", b"Transfer-Encoding:\r\n chunked", body=b"hello"))
passed("a name that only looks like Transfer-Encoding",
       post(b"Content-Length: 5", b"Transfer_Encoding: chunked", body=b"hello"),
       fields=[("Transfer_Encoding", "chunked"), ("Content-Length", "5")],
       note="another field: passed on as it came", **ROW)
passed("Connection names Content-Length",
       post(b"Connection: Content-Length", b"Content-Length: 5", body=b"hello"),
       fields=[("Content-Length", "5")], note="framing cannot be removed that way", **ROW)
passed("Connection names Transfer-Encoding", in_chunks(CHUNKS, b"Connection: Transfer-Encoding"),
       fields=[("Transfer-Encoding", "chunked")], **ROW)

refused, cut, passed = group("Content-Length")
passed("once", post(b"Content-Length: 5", body=b"hello"), **ROW)
passed("of 0, then the probe", post(b"Content-Length: 0"), method="POST")
passed("twice, the same", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
       fields=[("Content-Length", "5")],
       note="lenient: one value, which the origin sees once (RFC 9112, 6.3)", **ROW)
refused("twice, not the same", post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"))
passed("twice, the same number in other digits",
       post(b"Content-Length: 5", b"Content-Length: 05", body=b"hello"),
       fields=[("Content-Length", "5")], note="lenient: as above", **ROW)
passed("a list of one number twice", post(b"Content-Length: 5, 5", body=b"hello"),
       fields=[("Content-Length", "5")], note="lenient: as above", **ROW)
passed("leading zeros", post(b"Content-Length: 0005", body=b"hello"),
       fields=[("Content-Length", "5")], note="the origin sees it without them", **ROW)
refused("a list of two", post(b"Content-Length: 5, 6", body=b"hello!"))
for name, value in [("a plus sign", b"+5"), ("a minus sign", b"-5"), ("hexadecimal", b"0x5"),
                    ("a fraction", b"5.0"), ("an exponent", b"5e0"), ("two numbers", b"5 5"),
                    ("nothing", b""), ("a word", b"five"), ("a comma behind", b"5,"),
                    ("a comma before", b",5"), ("2^64", b"18446744073709551616"),
                    ("2^64 + 5", b"18446744073709551621"), ("thirty digits", b"9" * 30),
                    ("a NUL behind", b"5\0"), ("a vertical tab behind", b"5\x0b"),
                    ("a fullwidth digit", "５".encode()), ("quotes", b'"5"'),
                    ("an underscore", b"0_5")]:
    refused(name, post(b"Content-Length: " + value, body=b"hello"))
passed("blanks and tabs around it", post(b"Content-Length: \t 5\t ", body=b"hello"),
       fields=[("Content-Length", "5")], **ROW)
passed("no blank before it", post(b"Content-Length:5", body=b"hello"), **ROW)
passed("another case", post(b"CONTENT-length: 5", body=b"hello"), **ROW)
passed("a body of GET", head(b"Content-Length: 5", body=b"hello"), body=b"hello")
refused("a blank before the colon", post(b"Content-Length : 5", body=b"hello"))
refused("a tab before the colon", post(b"Content-Length\t: 5", body=b"hello"))
refused("a blank before the name", post(b" Content-Length: 5", body=b"hello"))

refused, cut, passed = group("Transfer-Encoding")
passed("chunked", in_chunks(CHUNKS), fields=[("Transfer-Encoding", "chunked")], **ROW)
passed("another case", post(b"transfer-ENCODING: ChUnKeD", body=CHUNKS),
       fields=[("Transfer-Encoding", "chunked")], **ROW)
passed("tabs around it", post(b"Transfer-Encoding:\tchunked\t", body=CHUNKS),
       fields=[("Transfer-Encoding", "chunked")], **ROW)
for name, value, status in [
        ("chunked, identity", b"chunked, identity", 400), ("chunked, gzip", b"chunked, gzip", 400),
        ("chunked twice in a line", b"chunked, chunked", 400),
        ("identity", b"identity", 400), ("identity, chunked", b"identity, chunked", 501),
        ("gzip, chunked", b"gzip, chunked", 501), ("xchunked", b"xchunked", 400),
        ("chunkedx", b"chunkedx", 400), ("chunk", b"chunk", 400),
        ("a comma behind", b"chunked,", 400), ("a comma before", b",chunked", 400),
        ("a vertical tab behind", b"chunked\x0b", 400), ("a form feed before", b"\x0cchunked", 400),
        ("a NUL behind", b"chunked\0", 400), ("DEL behind", b"chunked\x7f", 400),
        ("a no-break space behind", b"chunked\xa0", 400), ("quotes", b'"chunked"', 400),
        ("a parameter", b"chunked;q=1", 400), ("a blank within", b"chun ked", 400),
        ("a colon before", b": chunked", 400), ("nothing", b"", 400)]:
    refused(name, post(b"Transfer-Encoding: " + value, body=CHUNKS), status=status)
refused("two lines, both chunked",
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=CHUNKS))
refused("two lines, identity last",
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=CHUNKS))
refused("folded", post(b"Transfer-Encoding:\r\n\tchunked", body=CHUNKS))
refused("folded behind another field", post(b"X: y", b" Transfer-Encoding: chunked", body=CHUNKS))
refused("a blank before the colon", post(b"Transfer-Encoding : chunked", body=CHUNKS))
refused("a NUL in the name", post(b"Transfer-Encoding\0: chunked", body=CHUNKS))
refused("behind a bare CR", post(b"X: y\rTransfer-Encoding: chunked", body=CHUNKS))
refused("behind a bare LF", post(b"X: y\nTransfer-Encoding: chunked", body=CHUNKS))
refused("in HTTP/1.0", head(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0", body=CHUNKS))
refused("in HTTP/1.0 with keep-alive",
        head(b"Connection: keep-alive", b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0",
             body=CHUNKS))

refused, cut, passed = group("Chunks")
for name, line in [("0x before the size", b"0x5"), ("a plus sign", b"+5"), ("a minus sign", b"-5"),
                   ("a blank before the size", b" 5"), ("no digit", b""),
                   ("a letter beyond f", b"5g"), ("an underscore", b"0_5"),
                   ("17 digits", b"00000000000000005"), ("more than 2^64", b"10000000000000005"),
                   ("a NUL behind the size", b"5\0"), ("a bare CR in the line", b"5\rx"),
                   ("two CR", b"5\r"), ("an extension without a name", b"5;=a"),
                   ("a NUL in an extension", b"5;a=\0"),
                   ("an extension with an open quote", b'5;a="b'),
                   ("an extension of 20 KiB", b"5;a=" + b"x" * 20480)]:
    cut(name, in_chunks(line + b"\r\nhello\r\n0\r\n\r\n"))
cut("a size line ended by LF", in_chunks(b"5\nhello\r\n0\r\n\r\n"))
cut("an extension ended by LF", in_chunks(b"5;a=b\nhello\r\n0\r\n\r\n"))
cut("a quoted LF in an extension", in_chunks(b'5;a="\n"\r\nhello\r\n0\r\n\r\n'))
cut("data ended by LF", in_chunks(b"5\r\nhello\n0\r\n\r\n"))
cut("data ended by nothing", in_chunks(b"5\r\nhello0\r\n\r\n"))
cut("data longer than its size", in_chunks(b"4\r\nhello\r\n0\r\n\r\n"))
cut("data shorter than its size", in_chunks(b"6\r\nhello\r\n0\r\n\r\n"))
cut("a last chunk ended by LF", in_chunks(b"5\r\nhello\r\n0\n\r\n"))
cut("a trailer section ended by LF", in_chunks(b"5\r\nhello\r\n0\r\n\n"))
cut("a trailer without a colon", in_chunks(b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n"))
cut("a trailer with a blank before its colon", in_chunks(b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"))
cut("a folded trailer", in_chunks(b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"))
passed("sizes in capitals and leading zeros", in_chunks(b"000A\r\nhellohello\r\n000\r\n\r\n"),
       method="POST", body=b"hellohello")
passed("extensions", in_chunks(b'5;a=b;c;d="e;\\"f"\r\nhello\r\n0;g\r\n\r\n'),
       note="extensions are not passed on", **ROW)
passed("a trailer that is Content-Length",
       in_chunks(b"5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n"),
       fields=[("Content-Length", None)], note="the field is not passed on", **ROW)
passed("a trailer that is Transfer-Encoding",
       in_chunks(b"5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n"),
       note="the field is not passed on", **ROW)
passed("a trailer that is Host", in_chunks(b"5\r\nhello\r\n0\r\nHost: evil\r\n\r\n"),
       note="the field is not passed on", **ROW)

refused, cut, passed = group("Line endings and field lines")
refused("LF alone ends the request line", b"GET / HTTP/1.1\nHost: h\r\n\r\n")
refused("LF alone ends every line", b"GET / HTTP/1.1\nHost: h\n\n")
refused("LF alone ends a field", b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n")
refused("LF alone ends the head", b"GET / HTTP/1.1\r\nHost: h\r\n\n")
refused("CR alone ends a field", b"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n")
refused("CR CR LF", b"GET / HTTP/1.1\r\nHost: h\r\r\n\r\n")
refused("CR in a value", head(b"X: a\rb"))
refused("NUL in a value", head(b"X: a\0b"))
refused("NUL in a name", head(b"X\0: a"))
refused("DEL in a value", head(b"X: a\x7fb"))
refused("ESC in a value", head(b"X: a\x1bb"))
refused("a folded value", head(b"X: a", b" b"))
refused("a blank before the first field", b"GET / HTTP/1.1\r\n Host: h\r\n\r\n")
refused("a line of one blank", head(b" "))
refused("a field without a colon", head(b"nonsense"))
refused("a field without a name", head(b": x"))
refused("a blank in a name", head(b"X Y: z"))
refused("a blank before the colon", head(b"X : y"))
refused("brackets in a name", head(b"X[1]: y"))
refused("a byte above 127 in a name", head(b"X\xe9: y"))
passed("bytes above 127 in a value", head(b"X: \xe9\xff\xed\xa0\x80"),
       fields=[("X", "\xe9\xff\xed\xa0\x80")], note="obs-text: untouched")
passed("an empty value", head(b"X:"), fields=[("X", "")])
passed("empty lines before the request", b"\r\n" + head(),
       note="lenient: RFC 9112, 2.2")
refused("a blank line before the request", b" \r\n" + head())
refused("LF before the request", b"\n" + head())

refused, cut, passed = group("The request line")
for name, line in [("two blanks behind the method", b"GET  / HTTP/1.1"),
                   ("two blanks behind the target", b"GET /  HTTP/1.1"),
                   ("a tab behind the method", b"GET\t/ HTTP/1.1"),
                   ("a blank before the method", b" GET / HTTP/1.1"),
                   ("a blank behind the version", b"GET / HTTP/1.1 "),
                   ("a blank in the target", b"GET /a b HTTP/1.1"),
                   ("two versions", b"GET / HTTP/1.1 HTTP/1.1"), ("no version", b"GET /"),
                   ("no target", b"GET HTTP/1.1"), ("only a method", b"GET"),
                   ("a version in small letters", b"GET / http/1.1"),
                   ("a version with a sign", b"GET / HTTP/+1.1"),
                   ("a version without a minor", b"GET / HTTP/1"),
                   ("a version with three parts", b"GET / HTTP/1.1.1"),
                   ("a version with two digits", b"GET / HTTP/1.10"),
                   ("another protocol", b"GET / ICY/1.1"),
                   ("a colon in the method", b"GE:T / HTTP/1.1"),
                   ("a NUL in the method", b"G\0ET / HTTP/1.1"),
                   ("a NUL in the target", b"GET /\0 HTTP/1.1"),
                   ("a CR in the target", b"GET /a\rb HTTP/1.1"),
                   ("a tab in the target", b"GET /a\tb HTTP/1.1"),
                   ("UTF-8 in the target", "GET /ä HTTP/1.1".encode()),
                   ("a lone surrogate in the target", b"GET /\xed\xa0\x80 HTTP/1.1"),
                   ("a fragment", b"GET /#a HTTP/1.1"), ("a relative target", b"GET a HTTP/1.1"),
                   ("an asterisk with GET", b"GET * HTTP/1.1"),
                   ("an authority with GET", b"GET h:80 HTTP/1.1"),
                   ("a path with CONNECT", b"CONNECT / HTTP/1.1"),
                   ("a path that leaves the root", b"GET /../a HTTP/1.1"),
                   ("an escaped path that leaves the root", b"GET /a/%2e%2e/%2E./b HTTP/1.1"),
                   ("an escaped NUL", b"GET /%00 HTTP/1.1"),
                   ("an escape that is none", b"GET /%zz HTTP/1.1")]:
    refused(name, head(start=line))
refused("HTTP/2.0", head(start=b"GET / HTTP/2.0"), status=505)
refused("HTTP/0.9 by name", head(start=b"GET / HTTP/0.9"), status=505)
refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status=505)
passed("a path that looks like an authority", head(start=b"GET //evil/ HTTP/1.1"),
       target="//evil/")
passed("another case is another method", head(start=b"get / HTTP/1.1"), method="get")
passed("OPTIONS of the server", head(start=b"OPTIONS * HTTP/1.1"), method="OPTIONS", target="*")

refused, cut, passed = group("Whom it is for")
refused("no Host", head(host=None))
refused("two Hosts", head(b"Host: other"))
refused("the same Host twice", head(b"Host: h"))
refused("two Hosts, one in another case", head(b"hOST: other"))
refused("an empty Host", head(host=b""))
refused("Host with a user", head(host=b"user@h"))
refused("Host with a path", head(host=b"h/path"))
refused("Host with a list", head(host=b"h, other"))
refused("Host with a blank", head(host=b"h other"))
refused("Host with a query", head(host=b"h?x"))
refused("Host with half a bracket", head(host=b"[::1"))
refused("Host with a word for a port", head(host=b"h:http"))
refused("Host with a backslash", head(host=b"h\\other"))
passed("absolute form, the same Host", head(start=b"GET http://h/a?b HTTP/1.1"), target="/a?b")
passed("absolute form, another Host", head(start=b"GET http://h/a HTTP/1.1", host=b"other"),
       target="/a", note="the target decides (RFC 9112, 3.2.2)")
passed("absolute form without a path", head(start=b"GET http://h HTTP/1.1"), target="/")
passed("absolute form with only a query", head(start=b"GET http://h?x HTTP/1.1"), target="/?x")
refused("absolute form, two Hosts", head(b"Host: h", start=b"GET http://h/ HTTP/1.1"))
refused("absolute form with a user", head(start=b"GET http://user@h/ HTTP/1.1"))
refused("absolute form without a host", head(start=b"GET http:///a HTTP/1.1"))
passed("HTTP/1.0 with keep-alive", head(b"Connection: keep-alive", start=b"GET / HTTP/1.0"))

refused, cut, passed = group("Wishes")
refused("an expectation that nobody knows", post(b"Expect: 200-ok", b"Content-Length: 0"),
        status=417)
passed("an upgrade with a body",
       post(b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 5", body=b"hello"),
       fields=[("Upgrade", None), ("Connection", None)], note="the wish ends here", **ROW)
passed("an upgrade to HTTP/2",
       head(b"Connection: upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
       fields=[("Upgrade", None), ("HTTP2-Settings", None)],
       note="the wish ends here: what followed could not be seen")
passed("an upgrade that Connection does not name", head(b"Upgrade: websocket"),
       fields=[("Upgrade", None)], note="the wish ends here")
passed("HTTP2-Settings", head(b"Connection: HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAAQAoAAA"),
       fields=[("HTTP2-Settings", None), ("Connection", None)], note="hop by hop")
passed("Connection names Host", head(b"Connection: Host"), note="Host stays")
passed("Connection names a field", head(b"Connection: X", b"X: y", b"Z: z"),
       fields=[("X", None), ("Z", "z")], note="the field ends here")
passed("TE", head(b"TE: trailers, deflate"), fields=[("TE", None)], note="hop by hop")
passed("Proxy-Connection", head(b"Proxy-Connection: keep-alive"),
       fields=[("Proxy-Connection", None)], note="hop by hop")
