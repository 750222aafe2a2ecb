#include "distill/train.h"

#include <ATen/Parallel.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "distill/augment.h"
#include "distill/initialize.h"
#include "distill/loss.h"
#include "distill/optimizer.h"
#include "distill/program.h"
#include "distill/random.h"

namespace pare {
namespace {

void require(bool holds, const std::string& sentence) {
  if (!holds) throw Error(usage_error(sentence));
}

void check_options(const TrainOptions& o, const TrainingData& data, const Graph* teacher) {
  require(o.epochs >= 1, "training takes 1 epoch or more, not " + std::to_string(o.epochs));
  require(o.batch_size >= 1, "a batch holds 1 sample or more, not " + std::to_string(o.batch_size));
  require(o.learning_rate > 0 && std::isfinite(o.learning_rate), "the learning rate must be above 0");
  require(o.temperature > 0, "the temperature must be above 0");
  require(o.warmup >= 0 && o.warmup < 1, "the warmup is a part of all steps, from 0 up to but not including 1");
  require(o.label_smoothing >= 0 && o.label_smoothing < 1, "label smoothing lies from 0 up to but not including 1");
  require(o.crop_padding >= 0, "the crop padding must not be negative");
  require(o.features.empty() || teacher, "features are compared with a teacher's, but there is no teacher");
  require((data.labelled && o.label_weight != 0) ||
              (teacher && (o.teacher_weight != 0 || o.output_weight != 0 || o.feature_weight != 0)),
          "there is nothing to learn from: the data has no labels and no teacher is given (or their weights are 0)");
  require(data.samples >= 1, "the training data is empty");
}

bool compatible(const Type& a, const Type& b) {
  if (a.dtype != b.dtype) return false;
  if (!a.shape || !b.shape) return true;
  if (a.shape->size() != b.shape->size()) return false;
  for (size_t i = 0; i < a.shape->size(); ++i) {
    const Dim &m = (*a.shape)[i], &n = (*b.shape)[i];
    if (m.known() && n.known() && m.size != n.size) return false;
  }
  return true;
}

void check_values(const Graph& student, const std::vector<ValueId>& mine, const Graph& teacher,
                  const std::vector<ValueId>& its, const std::string& what) {
  if (mine.size() != its.size()) {
    throw Error(input_error("the student has " + std::to_string(mine.size()) + " " + what + "s and the teacher " +
                            std::to_string(its.size()) + "; they must have the same"));
  }
  for (size_t i = 0; i < mine.size(); ++i) {
    const Value &m = student.value(mine[i]), &t = teacher.value(its[i]);
    if (compatible(m.type, t.type)) continue;
    throw Error(input_error("the student's " + what + " '" + m.name + "' is " + to_string(m.type) +
                            ", but the teacher's '" + t.name + "' is " + to_string(t.type) +
                            "; they must have the same shape"));
  }
}

ValueId named_value(const Graph& graph, const std::string& name, const std::string& whose) {
  const auto id = graph.find(name);
  if (!id) throw Error(usage_error("the " + whose + " has no value named '" + name + "'"));
  return *id;
}

// What is asked of a model in each pass: scores of each output, then features.
std::vector<ValueId> wanted_of(const Graph& graph, const TrainOptions& options, bool student) {
  std::vector<ValueId> wanted;
  for (size_t i = 0; i < graph.outputs.size(); ++i) wanted.push_back(scores_of(graph, i));
  for (const auto& [mine, its] : options.features) {
    wanted.push_back(named_value(graph, student ? mine : its, student ? "student" : "teacher"));
  }
  return wanted;
}

// The number of samples that the graph declares for one run; 0: any.
int64_t fixed_batch(const Graph& graph) {
  for (ValueId id : graph.inputs) {
    const auto& shape = graph.value(id).type.shape;
    if (shape && !shape->empty() && (*shape)[0].known()) return (*shape)[0].size;
  }
  return 0;
}

// Every step allocates the same activations again. By default glibc gives large blocks back to the system each time, and
// the page faults of getting them cost a fifth of the training time.
void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

class Training {
 public:
  Training(Graph& student, const Graph* teacher, const TrainingData& data, const TrainOptions& options)
      : graph_(student), data_(data), options_(options),
        program_(student, {.learn_scales = options.learn_scales, .channels_last = channels_last_pays(student)}, teacher),
        descent_(program_.parameters(), options), random_(options.seed ^ 0x5eed5eed5eed5eedu),
        wanted_(wanted_of(student, options, true)) {
    if (teacher) {
      teacher_ = std::make_unique<Program>(*teacher, ProgramOptions{.trainable = false});
      teacher_wanted_ = wanted_of(*teacher, options, false);
    }
    const int64_t fixed = fixed_batch(student);
    batch_ = std::min<int64_t>(options.batch_size, data.samples);
    if (fixed > 0) batch_ = std::max(fixed, batch_ / fixed * fixed);
    part_ = fixed > 0 ? fixed : batch_;
    if (data.samples < batch_) {
      throw Error(input_error("the model takes " + std::to_string(fixed) + " samples at a time, but the training data has " +
                              std::to_string(data.samples)));
    }
    if (program_.parameters().empty()) {
      throw Error(input_error("the model has no weights to train: no float constant, nor integer constant behind "
                              "DequantizeLinear, that an operator multiplies or adds"));
    }
  }

  TrainResult run() {
    const auto begin = std::chrono::steady_clock::now();
    TrainResult result;
    for (const Parameter& p : program_.parameters()) result.parameters += p.tensor.numel();
    TrainProgress progress{.epochs = options_.epochs};
    const int64_t per_epoch = data_.samples / batch_;
    progress.steps = per_epoch * options_.epochs;
    if (options_.learn_scales && options_.fit_scales) fit_scales();
    for (; progress.epoch < options_.epochs; ++progress.epoch) {
      const std::vector<int64_t> order = random_.permutation(data_.samples);
      double loss = 0;
      correct_ = 0;
      for (int64_t i = 0; i < per_epoch; ++i) {
        progress.learning_rate = learning_rate(options_, progress.step, progress.steps);
        loss += one_step(std::span(order).subspan(static_cast<size_t>(i * batch_), static_cast<size_t>(batch_)),
                         progress);
        ++progress.step;
        progress.loss = loss / static_cast<double>(i + 1);
        if (labelled()) progress.accuracy = static_cast<double>(correct_) / static_cast<double>((i + 1) * batch_);
        if (options_.progress) options_.progress(progress);
      }
      result.loss.push_back(progress.loss);
      if (labelled()) result.accuracy.push_back(progress.accuracy);
    }
    program_.write_back(graph_);
    result.steps = progress.steps;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
  }

 private:
  bool labelled() const { return data_.labelled; }

  // On as many samples as one pass takes, spread over the data.
  void fit_scales() {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < part_; ++i) indices.push_back(i * data_.samples / part_);
    TrainingBatch batch = read(indices);
    std::vector<at::Tensor> inputs;
    for (const Tensor& tensor : batch.inputs) inputs.push_back(program_.input(tensor));
    program_.fit_scales(inputs);
  }

  TrainingBatch read(std::span<const int64_t> indices) const {
    TrainingBatch batch = unwrap(data_.fetch(indices));
    if (batch.inputs.size() != graph_.inputs.size()) {
      throw Error(input_error("the training data has " + std::to_string(batch.inputs.size()) +
                              " arrays and the model " + std::to_string(graph_.inputs.size()) + " inputs"));
    }
    return batch;
  }

  double one_step(std::span<const int64_t> indices, const TrainProgress& progress) {
    descent_.zero_gradients();
    double loss = 0;
    const auto part = static_cast<size_t>(part_);
    const double share = static_cast<double>(part_) / static_cast<double>(batch_);
    for (size_t i = 0; i < indices.size(); i += part) {
      const at::Tensor value = loss_of(indices.subspan(i, part)) * share;
      value.backward();
      loss += value.item<double>();
    }
    if (!std::isfinite(loss) || !descent_.clip(options_.clip_norm)) {
      throw Error(input_error("the loss is no longer finite after " + std::to_string(progress.step) +
                              " steps; lower the learning rate"));
    }
    descent_.step(progress.learning_rate);
    return loss;
  }

  at::Tensor loss_of(std::span<const int64_t> indices) {
    TrainingBatch batch = read(indices);
    std::vector<at::Tensor> inputs;
    for (size_t i = 0; i < graph_.inputs.size(); ++i) inputs.push_back(program_.input(take_input(std::move(batch.inputs[i]), i)));
    const size_t outputs = graph_.outputs.size();
    LossTerms terms;
    const Program::Mode mode{.training = true, .batch_statistics = !options_.freeze_batch_norm};
    split(program_.forward(inputs, wanted_, mode), outputs, terms.student, terms.student_features);
    if (teacher_) {
      const at::NoGradGuard no_gradients;
      for (at::Tensor& input : inputs) input = teacher_->laid_out(input);
      split(teacher_->forward(inputs, teacher_wanted_, {}), outputs, terms.teacher, terms.teacher_features);
      check_shapes(terms);
    }
    if (labelled()) take_labels(batch.labels, terms);
    return total_loss(terms, options_);
  }

  static void split(std::vector<at::Tensor> values, size_t outputs, std::vector<at::Tensor>& scores,
                    std::vector<at::Tensor>& features) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(outputs);
    scores.assign(values.begin(), middle);
    features.assign(middle, values.end());
  }

  Tensor take_input(Tensor tensor, size_t i) {
    const Value& input = graph_.value(graph_.inputs[i]);
    if (tensor.dtype() != input.type.dtype) {
      throw Error(input_error("the training data for input '" + input.name + "' is " + to_string(tensor.type()) +
                              ", but the model takes " + to_string(input.type)));
    }
    if (i == 0 && (options_.crop || options_.flip)) {
      if (tensor.rank() != 4 || tensor.dtype() != DType::float32) {
        throw Error(usage_error("crop and flip are for pictures float32[N,C,H,W], but input '" + input.name + "' is " +
                                to_string(tensor.type())));
      }
      augment_images(tensor, options_.crop ? options_.crop_padding : 0, options_.flip, random_);
    }
    return tensor;
  }

  void check_shapes(const LossTerms& terms) const {
    for (size_t i = 0; i < terms.student.size() + terms.student_features.size(); ++i) {
      const bool feature = i >= terms.student.size();
      const size_t k = feature ? i - terms.student.size() : i;
      const at::Tensor& mine = feature ? terms.student_features[k] : terms.student[k];
      const at::Tensor& its = feature ? terms.teacher_features[k] : terms.teacher[k];
      if (mine.sizes() == its.sizes()) continue;
      throw Error(input_error("the student's '" + graph_.value(wanted_[i]).name + "' has other dims than the value of the teacher that it learns from; they must have the same"));
    }
  }

  // Labels are one per sample: scores of other ranks must come down to [N,C].
  void take_labels(const std::vector<int64_t>& labels, LossTerms& terms) {
    at::Tensor scores = terms.student[0];
    if (scores.dim() < 2 || scores.numel() != scores.size(0) * scores.size(class_axis(scores))) {
      throw Error(input_error("the data has one label per sample, but output '" +
                              graph_.value(graph_.outputs[0]).name + "' has no form [N,classes]; set the label weight to 0"));
    }
    if (scores.dim() != 2) {
      terms.student[0] = scores = scores.flatten(1);
      if (!terms.teacher.empty()) terms.teacher[0] = terms.teacher[0].flatten(1);
    }
    const int64_t classes = scores.size(1);
    for (int64_t label : labels) {
      if (label >= 0 && label < classes) continue;
      throw Error(input_error("label " + std::to_string(label) + " of the training data is outside 0.." +
                              std::to_string(classes - 1) + ", the classes of output '" +
                              graph_.value(graph_.outputs[0]).name + "'"));
    }
    terms.labels = at::tensor(labels, at::kLong);
    correct_ += scores.detach().argmax(1).eq(terms.labels).sum().item<int64_t>();
  }

  Graph& graph_;
  const TrainingData& data_;
  const TrainOptions& options_;
  Program program_;
  Descent descent_;
  Random random_;
  std::unique_ptr<Program> teacher_;
  std::vector<ValueId> wanted_, teacher_wanted_;
  int64_t batch_ = 0, part_ = 0;  // samples per step, and per pass
  int64_t correct_ = 0;
};

}  // namespace

ValueId scores_of(const Graph& graph, size_t index) {
  ValueId id = graph.outputs[index];
  while (graph.value(id).producer != NodeId::none) {
    const Node& node = graph.node(graph.value(id).producer);
    if (!as<Unary>(node.op, Unary::Kind::Identity) && !as<Softmax>(node.op)) return id;
    id = node.inputs[0];
    if (as<Softmax>(node.op)) return id;
  }
  return id;
}

void check_match(const Graph& student, const Graph& teacher) {
  check_values(student, student.inputs, teacher, teacher.inputs, "input");
  check_values(student, student.outputs, teacher, teacher.outputs, "output");
}

void unshare_vectors(Graph& graph) {
  std::vector<bool> taken(graph.value_limit(), false);
  for (NodeId node_id : std::vector<NodeId>(graph.order())) {
    for (size_t slot = 0; slot < graph.node(node_id).inputs.size(); ++slot) {
      const Node& node = graph.node(node_id);
      const ValueId id = node.inputs[slot];
      if (id == ValueId::none || !graph.value(id).constant) continue;
      const Tensor constant = *graph.value(id).constant;
      const bool changes = is_weight(node.op, slot, constant.dims()) || as<BatchNormalization>(node.op);
      if (constant.dtype() != DType::float32 || constant.rank() != 1 || !changes) continue;
      if (taken[static_cast<size_t>(id)]) {
        graph.node(node_id).inputs[slot] = graph.add_constant(graph.value(id).name, constant);
      } else {
        taken[static_cast<size_t>(id)] = true;
      }
    }
  }
}

TrainResult train(Graph& student, const Graph* teacher, const TrainingData& data, const TrainOptions& options) {
  check_options(options, data, teacher);
  if (teacher) check_match(student, *teacher);
  const int threads = options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(std::max(1, threads));
  keep_freed_memory();
  at::manual_seed(options.seed);
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  Graph work = student;
  unshare_vectors(work);
  if (options.initialize) initialize_weights(work, options.seed);
  TrainResult result = Training(work, teacher, data, options).run();
  student = std::move(work);
  return result;
}

}  // namespace pare
