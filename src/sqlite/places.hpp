// How the places of a log's entries lie in the database: a row for up to kEntriesPerPlace entries
// that follow each other. Its blob holds the position of the first, then each one's distance from
// the one before, as numbers of seven bits a byte, the low ones first, with the high bit set in all
// bytes but the last. A row for each entry would cost more than the entry's own row in the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kefu::inline v0::sqlite {

/// Part of the format: see Checkpoint::write_place().
inline constexpr std::size_t kEntriesPerPlace = 128;

class PlaceWriter {
 public:
  void clear() {
    bytes_.clear();
    last_ = 0;
    size_ = 0;
  }
  /// Precondition: above the position before.
  void add(std::uint64_t position) {
    std::uint64_t distance = position - last_;
    for (; distance >= 0x80; distance >>= 7) bytes_.push_back(static_cast<char>(distance | 0x80));
    bytes_.push_back(static_cast<char>(distance));
    last_ = position;
    ++size_;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
  std::uint64_t last_ = 0;
  std::size_t size_ = 0;
};

class PlaceReader {
 public:
  explicit PlaceReader(std::string_view bytes) : rest_(bytes) {}

  /// The next position, or 0 at the end (or where the bytes make no sense).
  std::uint64_t next() {
    std::uint64_t distance = 0;
    for (unsigned shift = 0; !rest_.empty() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      distance |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return last_ += distance;
    }
    return 0;
  }

 private:
  std::string_view rest_;
  std::uint64_t last_ = 0;
};

}  // namespace kefu::inline v0::sqlite
