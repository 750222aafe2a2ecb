#include "graph/ops/spatial.h"

namespace pare {

Result<void> LpPool::infer(InferContext&) const { return {}; }
Result<void> GlobalLpPool::infer(InferContext&) const { return {}; }
Result<void> MaxUnpool::infer(InferContext&) const { return {}; }
Result<void> MaxRoiPool::infer(InferContext&) const { return {}; }
Result<void> RoiAlign::infer(InferContext&) const { return {}; }
Result<void> GridSample::infer(InferContext&) const { return {}; }
Result<void> AffineGrid::infer(InferContext&) const { return {}; }
Result<void> Col2Im::infer(InferContext&) const { return {}; }
Result<void> DeformConv::infer(InferContext&) const { return {}; }

void LpPool::links(LinkContext&) const {}
void GlobalLpPool::links(LinkContext&) const {}
void MaxUnpool::links(LinkContext&) const {}
void MaxRoiPool::links(LinkContext&) const {}
void RoiAlign::links(LinkContext&) const {}
void GridSample::links(LinkContext&) const {}
void AffineGrid::links(LinkContext&) const {}
void Col2Im::links(LinkContext&) const {}
void DeformConv::links(LinkContext&) const {}

}  // namespace pare
