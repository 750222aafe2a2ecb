#include "distill/loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace pare {
namespace {

constexpr const char* kModule = "libpare_distill.so";

std::filesystem::path executable_folder() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path(".") : path.parent_path();
}

const Trainer& open_module() {
  const auto folder = executable_folder();
  std::filesystem::path path = folder / kModule;
  if (!std::filesystem::exists(path)) path = folder / ".." / "lib" / "pare" / kModule;
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::unsupported, "training needs " + std::string(kModule) + ", which is neither in " +
                                            folder.string() + " nor in " + (folder / "../lib/pare").string() +
                                            "; build with PARE_WITH_TORCH=ON and LibTorch installed");
  }
  if (const char* core = openblas_core_type(); *core) setenv("OPENBLAS_CORETYPE", core, /*overwrite=*/0);
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) {
    throw Error(ErrorCode::unsupported, "training needs " + path.string() + ", which does not load: " + dlerror());
  }
  using Entry = const Trainer* (*)(int);
  const auto entry = reinterpret_cast<Entry>(dlsym(module, "pare_distill_trainer"));
  const Trainer* trainer = entry ? entry(kDistillInterface) : nullptr;
  if (!trainer) {
    throw Error(ErrorCode::unsupported,
                path.string() + " belongs to another version of this program; install both from one build");
  }
  return *trainer;
}

}  // namespace

const char* openblas_core_type() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SKYLAKEX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return __builtin_cpu_is("amd") ? "ZEN" : "HASWELL";
  }
#endif
  return "";
}

const Trainer& load_trainer() {
  static const Trainer& trainer = open_module();
  return trainer;
}

}  // namespace pare
