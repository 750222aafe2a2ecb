#include "cli/training.h"

#include <map>

#include "distill/loader.h"

namespace pare::cli {

void add_training_options(CLI::App& verb, TrainOptions& options) {
  const std::string group = "Training";
  verb.add_option("--epochs", options.epochs, "Passes over the data")->capture_default_str()->check(CLI::PositiveNumber)->group(group);
  verb.add_option("--lr", options.learning_rate, "Learning rate at its peak; half a cosine leads from it to 0")->capture_default_str()->check(CLI::PositiveNumber)->group(group);
  verb.add_option("--batch", options.batch_size, "Samples per step")->capture_default_str()->check(CLI::PositiveNumber)->group(group);
  verb.add_option("--optimizer", options.optimizer, "sgd or adamw")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Optimizer>{{"sgd", Optimizer::sgd}, {"adamw", Optimizer::adamw}}))
      ->group(group);
  verb.add_option("--weight-decay", options.weight_decay, "Of weights, not of biases and normalization")->capture_default_str()->check(CLI::NonNegativeNumber)->group(group);
  verb.add_option("--clip-norm", options.clip_norm, "Cut the gradient to this Euclidean norm; 0: never")->capture_default_str()->check(CLI::NonNegativeNumber)->group(group);
  verb.add_option("--label-weight", options.label_weight, "Weight of the cross entropy with the labels")->capture_default_str()->check(CLI::NonNegativeNumber)->group(group);
  verb.add_option("--label-smoothing", options.label_smoothing, "Part of each label spread over all classes")->capture_default_str()->check(CLI::Range(0.0, 1.0))->group(group);
  verb.add_option("--teacher-weight", options.teacher_weight, "Weight of the divergence from the teacher")->capture_default_str()->check(CLI::NonNegativeNumber)->group(group);
  verb.add_option("--temperature", options.temperature, "Temperature of the teacher's and the student's logits")->capture_default_str()->check(CLI::PositiveNumber)->group(group);
  verb.add_flag("--crop", options.crop, "Random crops of the images, padded with zeros")->group(group);
  verb.add_option("--crop-padding", options.crop_padding, "Pixels on each side for --crop")->capture_default_str()->check(CLI::NonNegativeNumber)->group(group);
  verb.add_flag("--flip", options.flip, "Mirror half of the images left to right")->group(group);
  verb.add_flag("--keep-zeros", options.keep_zeros, "Weights that are zero stay zero")->group(group);
}

TrainingData training_data(const Dataset& dataset) {
  TrainingData data;
  data.samples = dataset.size();
  data.labelled = dataset.has_labels();
  data.fetch = [&dataset](std::span<const int64_t> indices) -> Result<TrainingBatch> {
    PARE_ASSIGN(Batch batch, dataset.read(indices));
    TrainingBatch result;
    for (NamedTensor& input : batch.inputs) result.inputs.push_back(std::move(input.tensor));
    if (dataset.has_labels()) result.labels = batch.labels.ints();
    return result;
  };
  return data;
}

TrainResult train(Graph& student, const Graph* teacher, const Dataset& dataset, TrainOptions options, const Session& session) {
  options.seed = session.seed;
  options.threads = session.thread_count();
  const auto report = session.progress("train");
  int said = -1;
  TrainProgress last;
  const auto say_epoch = [&](const TrainProgress& p) {
    if (said == p.epoch || p.epoch < 0) return;
    said = p.epoch;
    session.say("  epoch {} of {}: loss {:.4f}{}", p.epoch + 1, p.epochs, p.loss,
                p.accuracy >= 0 ? fmt::format(", training batches {:.2f} %", 100 * p.accuracy) : "");
  };
  options.progress = [&](const TrainProgress& p) {
    if (last.epochs > 0 && p.epoch != last.epoch) say_epoch(last);
    last = p;
    if (report) report(p.step, p.steps);
    if (p.step == p.steps) say_epoch(p);
  };
  return load_trainer().train(student, teacher, training_data(dataset), options);
}

Json to_json(const TrainResult& result) {
  return {{"steps", result.steps},
          {"trained_parameters", result.parameters},
          {"loss", result.loss},
          {"training_accuracy", result.accuracy},
          {"training_seconds", result.seconds}};
}

}  // namespace pare::cli
