#include "distill/augment.h"

#include "tests/catch.h"

namespace {

using namespace pare;

constexpr int64_t kHeight = 5, kWidth = 6;

// Two channels, the second ten times the first; every pixel of the first is its own number, none zero.
Tensor pictures(int64_t count) {
  Tensor images(DType::float32, {count, 2, kHeight, kWidth});
  auto x = images.mutable_data<float>();
  for (size_t i = 0; i < x.size(); ++i) {
    const auto pixel = static_cast<float>(i % (kHeight * kWidth) + 1);
    x[i] = i / (kHeight * kWidth) % 2 ? 10 * pixel : pixel;
  }
  return images;
}

float moved_pixel(int64_t y, int64_t x, int64_t down, int64_t right, bool mirror) {
  const int64_t from_y = y + down, from_x = (mirror ? kWidth - 1 - x : x) + right;
  if (from_y < 0 || from_y >= kHeight || from_x < 0 || from_x >= kWidth) return 0;
  return static_cast<float>(from_y * kWidth + from_x + 1);
}

bool equals(std::span<const float> picture, int64_t down, int64_t right, bool mirror) {
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      const float expected = moved_pixel(y, x, down, right, mirror);
      const auto at = static_cast<size_t>(y * kWidth + x);
      if (picture[at] != expected || picture[at + kHeight * kWidth] != 10 * expected) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("a cropped and flipped picture is a window of the padded one, all windows occur") {
  constexpr int64_t kCount = 600;
  Tensor images = pictures(kCount);
  Random random(1);
  augment_images(images, 1, true, random);
  int seen[3][3][2] = {};
  for (int64_t n = 0; n < kCount; ++n) {
    const auto picture = images.data<float>().subspan(static_cast<size_t>(n * 2 * kHeight * kWidth), 2 * kHeight * kWidth);
    int matches = 0;
    for (int64_t down = -1; down <= 1; ++down) {
      for (int64_t right = -1; right <= 1; ++right) {
        for (bool mirror : {false, true}) {
          if (!equals(picture, down, right, mirror)) continue;
          ++matches;
          ++seen[down + 1][right + 1][mirror];
        }
      }
    }
    INFO("picture " << n);
    REQUIRE(matches == 1);
  }
  for (auto& row : seen) {
    for (auto& cell : row) {
      CHECK(cell[0] > 0);
      CHECK(cell[1] > 0);
    }
  }
}

TEST_CASE("without padding and flip a picture stays") {
  Tensor images = pictures(3);
  Random random(1);
  augment_images(images, 0, false, random);
  CHECK(images == pictures(3));
}

// The first numbers of SplitMix64 from seed 1234567 (published test vector of the reference implementation).
TEST_CASE("the generator gives its published sequence") {
  Random random(1234567);
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
  CHECK(random.next() == 9817491932198370423u);
}
