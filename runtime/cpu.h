// Instruction sets that the fast kernels come in, and which of them this machine has.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace pare {

// In order of preference. `plain` runs everywhere and compiles to the baseline of the target.
enum class Isa { plain, avx2, avx512, avx2_vnni, avx512_vnni };

std::string_view name(Isa isa);  // "plain", "avx2", "avx512", "avx2-vnni", "avx512-vnni"
std::optional<Isa> isa_from_name(std::string_view name);
bool machine_has(Isa isa);        // from CPUID, the operating system's saved state included
std::vector<Isa> machine_isas();  // all that machine_has, plain first
Isa best_isa();                   // the last of machine_isas()

}  // namespace pare
