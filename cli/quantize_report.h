// A quantization report as text and JSON: what quantize and compress share.
#pragma once

#include "cli/session.h"
#include "quantize/quantize.h"

namespace pare::cli {

void print_quantize(const Session& session, const QuantizeReport& report);
Json to_json(const QuantizeReport& report);

}  // namespace pare::cli
