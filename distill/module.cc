// The module's one entry.
#include <ATen/Version.h>
#include <torch/csrc/api/include/torch/version.h>

#include "distill/loader.h"
#include "distill/train.h"

namespace pare {
namespace {

class TorchTrainer : public Trainer {
 public:
  std::string torch_version() const override { return TORCH_VERSION; }
  TrainResult train(Graph& student, const Graph* teacher, const TrainingData& data,
                    const TrainOptions& options) const override {
    return pare::train(student, teacher, data, options);
  }
};

}  // namespace
}  // namespace pare

// The trainer, or null for a program built against another interface.
extern "C" __attribute__((visibility("default"))) const pare::Trainer* pare_distill_trainer(int interface) {
  static const pare::TorchTrainer trainer;
  return interface == pare::kDistillInterface ? &trainer : nullptr;
}
