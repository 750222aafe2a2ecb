// A comparison for the machines that watch a build: JUnit, SARIF, Markdown.
#pragma once

#include <filesystem>
#include <string>

#include "verify/compare.h"
#include "verify/layers.h"

namespace pare {

// JUnit XML, the dialect that Jenkins and others read (junit-10.xsd of the xUnit plugin): one test case per bound, a
// <failure> for a broken and for an unproven one.
std::string junit_report(const Comparison& comparison);
// SARIF 2.1.0 (OASIS standard, 2020): one result per bound that does not hold, located at the candidate's file.
std::string sarif_report(const Comparison& comparison);
// Tables in GitHub's Markdown; `layers` may be null.
std::string markdown_report(const Comparison& comparison, const LayerView* layers);

// Written beside and renamed. Throws Error (input) where that fails.
void write_report(const std::filesystem::path& path, const std::string& text);

}  // namespace pare
