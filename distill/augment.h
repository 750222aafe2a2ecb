// Random changes of training pictures.
#pragma once

#include "distill/random.h"
#include "graph/tensor.h"

namespace pare {

// In place, on float32 [N,C,H,W]: each sample is shifted by up to `padding` pixels along both axes, zeros coming in (that
// is: padded with zeros, then a random window of the old size), and with `flip` mirrored left to right half of the time.
void augment_images(Tensor& images, int padding, bool flip, Random& random);

}  // namespace pare
