// Parts of the HTML page: each returns text for it, or nothing where there is nothing to show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "figures.h"

namespace ringway::bench {

std::string_view page_style();   // CSS, for a <style>
std::string_view page_script();  // JavaScript, for a <script>; the page is complete without it

std::string tiles_html(const Report& report, const std::vector<Group>& groups);

// Charts.
std::string percentiles_html(const std::vector<Group>& groups);
std::string distribution_html(const std::vector<Group>& groups);  // and where they lie
std::string timeline_html(const Report& report);
std::string levels_html(const Report& report, const std::vector<Group>& groups);
std::string score_html(const Report& report, const std::vector<Group>& groups);
std::string matrix_html(const std::vector<Group>& groups);
std::string pairs_html(const Report& report);
std::string memory_html(const std::vector<Group>& groups);

// Tables.
std::string runs_html(const std::vector<Group>& groups);
std::string kinds_html(const std::vector<Group>& groups);
std::string events_html(const std::vector<Group>& groups);
std::string figures_html(const Report& report);
std::string findings_html(const Report& report);
std::string outcome_html(const Report& report);  // status codes and errors
std::string conditions_html(const Report& report);

std::string card(const std::string& title, const std::string& body, bool is_wide = false);

}  // namespace ringway::bench
