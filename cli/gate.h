// Bounds on the command line, and a comparison as text and JSON: what verify and compress share.
#pragma once

#include <string>

#include "cli/session.h"
#include "verify/compare.h"
#include "verify/layers.h"

namespace pare::cli {

// --max-drop, --min-metric, --min-agreement, --min-sqnr, --max-bytes, --max-ratio, --min-speedup, --max-memory,
// --max-peak-memory.
void add_bound_options(CLI::App& verb, Bounds& bounds);
// --confidence.
void add_judgement_options(CLI::App& verb, CompareOptions& options);
// --metric and what it takes, --output.
void add_metric_options(CLI::App& verb, EvaluateOptions& options, const std::string& output_option = "--output");
// --decoder, --feed.
void add_decoder_options(CLI::App& verb, std::string& decoder, EvaluateOptions& options);
// "92.54 %", "31.4 dB"
std::string metric_text(const Evaluation& evaluation);
Json to_json(const Evaluation& evaluation);

void print_comparison(const Session& session, const Comparison& comparison);
Json to_json(const Comparison& comparison);
// The ten most damaged values, and the sentence.
void print_layers(const Session& session, const LayerView& view);
// "layers", "layers_matched", "layers_samples", "first_break".
Json to_json(const LayerView& view);

// Says every broken bound on stderr and sets the session's exit code: 0 or 1.
void conclude(Session& session, const Comparison& comparison);

}  // namespace pare::cli
