// CRC-32 of the ITU-T V.42 and PNG kind (polynomial 0x04C11DB7, reflected).
#ifndef COUNTERMARK_CODE_CRC32_H_
#define COUNTERMARK_CODE_CRC32_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace countermark {

// What a byte does to the remainder.
inline constexpr std::array<uint32_t, 256> kCrc32OfByte = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xEDB88320u : 0u);
    }
    table[byte] = remainder;
  }
  return table;
}();

constexpr uint32_t Crc32(const uint8_t* bytes, size_t count) {
  uint32_t remainder = 0xFFFFFFFFu;
  for (size_t i = 0; i < count; ++i) {
    remainder = (remainder >> 8) ^ kCrc32OfByte[(remainder ^ bytes[i]) & 0xFF];
  }
  return ~remainder;
}

}  // namespace countermark

#endif  // COUNTERMARK_CODE_CRC32_H_
