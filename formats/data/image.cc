#include "formats/data/image.h"

#include <spng.h>
#include <turbojpeg.h>

#include <memory>
#include <vector>

#include "formats/file.h"

namespace pare {
namespace {

constexpr int64_t kMostPixels = 100'000'000;

Result<void> check_size(int64_t width, int64_t height, const std::string& where) {
  if (width <= 0 || height <= 0 || width > kMostPixels / height) {
    return input_error(where + ": is " + std::to_string(width) + " x " + std::to_string(height) +
                       " pixels; expected a picture of at most 100 million");
  }
  return {};
}

// Pixels RGBRGB... to planes.
Tensor planes(const std::vector<unsigned char>& pixels, int64_t width, int64_t height) {
  Tensor tensor(DType::uint8, {1, 3, height, width});
  const auto out = tensor.mutable_data<uint8_t>();
  const auto count = static_cast<size_t>(width * height);
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < 3; ++c) out[c * count + i] = pixels[3 * i + c];
  return tensor;
}

Result<Tensor> decode_jpeg(std::span<const std::byte> bytes, const std::string& where) {
  const std::unique_ptr<void, int (*)(void*)> decoder(tjInitDecompress(), tjDestroy);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto size = static_cast<unsigned long>(bytes.size());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  const auto fail = [&] {
    return input_error(where + ": is a damaged JPEG: " + std::string(tjGetErrorStr2(decoder.get())));
  };
  if (!decoder || tjDecompressHeader3(decoder.get(), data, size, &width, &height, &subsampling, &colours) != 0)
    return fail();
  PARE_TRY(check_size(width, height, where));
  std::vector<unsigned char> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  if (tjDecompress2(decoder.get(), data, size, pixels.data(), width, 0, height, TJPF_RGB,
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING) != 0)
    return fail();
  return planes(pixels, width, height);
}

Result<Tensor> decode_png(std::span<const std::byte> bytes, const std::string& where) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> decoder(spng_ctx_new(0), spng_ctx_free);
  const auto fail = [&](int error) {
    return input_error(where + ": is a damaged PNG: " + std::string(spng_strerror(error)));
  };
  if (!decoder) return input_error(where + ": out of memory");
  spng_set_image_limits(decoder.get(), 1u << 27, 1u << 27);
  if (const int error = spng_set_png_buffer(decoder.get(), bytes.data(), bytes.size())) return fail(error);
  spng_ihdr header{};
  if (const int error = spng_get_ihdr(decoder.get(), &header)) return fail(error);
  PARE_TRY(check_size(header.width, header.height, where));
  size_t size = 0;
  if (const int error = spng_decoded_image_size(decoder.get(), SPNG_FMT_RGB8, &size)) return fail(error);
  std::vector<unsigned char> pixels(size);
  if (const int error = spng_decode_image(decoder.get(), pixels.data(), size, SPNG_FMT_RGB8, 0)) return fail(error);
  return planes(pixels, header.width, header.height);
}

}  // namespace

Result<Tensor> decode_image(std::span<const std::byte> bytes, const std::string& where) {
  const auto begins = [&](std::initializer_list<unsigned char> magic) {
    size_t i = 0;
    for (const unsigned char byte : magic)
      if (i >= bytes.size() || std::to_integer<unsigned char>(bytes[i++]) != byte) return false;
    return true;
  };
  if (begins({0xFF, 0xD8, 0xFF})) return decode_jpeg(bytes, where);
  if (begins({0x89, 'P', 'N', 'G'})) return decode_png(bytes, where);
  return input_error(where + ": is neither a JPEG nor a PNG");
}

Result<Tensor> read_image(const std::string& path) {
  PARE_ASSIGN(const auto buffer, map_file(path));
  return decode_image(buffer->bytes(), path);
}

}  // namespace pare
