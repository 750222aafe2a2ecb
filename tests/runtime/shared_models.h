// The shared models, where they are: ../shared beside the repository, or $PARE_SHARED.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace pare::test {

inline std::filesystem::path shared_folder() {
  const char* given = std::getenv("PARE_SHARED");
  return given != nullptr ? given : "../shared";
}

// Models whose operators this version knows.
inline const std::vector<std::string>& shared_models() {
  static const std::vector<std::string> names = {"cifar10-resnet20",
                                                 "cifar10-resnet56",
                                                 "tiny-resnet8",
                                                 "tiny-resnet8-qdq",
                                                 "tiny-kws",
                                                 "tiny-vww",
                                                 "tiny-ad",
                                                 "imagenet-squeezenet",
                                                 "imagenet-mobilenetv2",
                                                 "imagenet-mobilenetv1-050",
                                                 "imagenet-efficientnet-lite0",
                                                 "mnist-cnn",
                                                 "mnist-cnn-integer",
                                                 "ultraface-slim",
                                                 "ppocr-det",
                                                 "ppocr-cls",
                                                 "super-resolution"};
  return names;
}

}  // namespace pare::test
