// Training options on the command line, and a data set as the trainer wants it: what distill and compress share.
#pragma once

#include <memory>

#include "cli/session.h"
#include "distill/distill.h"
#include "formats/data/dataset.h"

namespace pare::cli {

// --epochs, --lr, --batch, --optimizer, the weights of the loss, --crop and --flip.
void add_training_options(CLI::App& verb, TrainOptions& options);

// `dataset` must outlive the result.
TrainingData training_data(const Dataset& dataset);

// Trains `student` in place with the session's seed, threads and progress. `teacher` may be null.
TrainResult train(Graph& student, const Graph* teacher, const Dataset& dataset, TrainOptions options, const Session& session);

Json to_json(const TrainResult& result);

}  // namespace pare::cli
