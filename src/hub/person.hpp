// Person: a participant whose sessions and conversations share one copy of their id.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <kefu/model/participant.hpp>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "prefetch.hpp"

namespace kefu::inline v0::hub {

/// A handle; nobody when it is empty. Threading: as std::shared_ptr.
class Person {
 public:
  Person() = default;
  Person(std::string_view id, Role role)
      : block_(::new (::operator new(sizeof(Block) + id.size()))
                   Block{{1}, role, static_cast<std::uint32_t>(id.size())}) {
    std::ranges::copy(id, block_->id());
  }
  Person(const Person& other) noexcept : block_(other.block_) {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Person(Person&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Person& operator=(Person other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Person() {
    if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      ::operator delete(block_);
  }

  [[nodiscard]] std::string_view id() const noexcept {
    return block_ ? std::string_view(block_->id(), block_->size) : std::string_view();
  }
  [[nodiscard]] Role role() const noexcept { return block_ ? block_->role : Role::visitor; }
  [[nodiscard]] bool staff() const noexcept { return is_staff(role()); }
  /// Fetches who it is.
  void warm() const noexcept { prefetch(block_, sizeof(Block)); }
  [[nodiscard]] Participant participant() const { return {std::string(id()), role()}; }

 private:
  struct Block {
    std::atomic<std::uint32_t> references;
    Role role;
    std::uint32_t size;

    [[nodiscard]] char* id() noexcept { return reinterpret_cast<char*>(this + 1); }
  };

  Block* block_ = nullptr;
};

}  // namespace kefu::inline v0::hub
