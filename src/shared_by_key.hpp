// SharedByKey: values that all who hold the same key share, each alive while somebody holds it.
#pragma once

#include <cstddef>
#include <limits>
#include <memory_resource>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace kefu::inline v0 {

/// Threading: any, handles too; the values see to themselves.
/// Lifetime: it outlives its handles.
template <class Value>
class SharedByKey {
  struct Node {
    explicit Node(SharedByKey& of) : owner{of} {}

    SharedByKey& owner;
    const std::string* key = nullptr;  // the map's
    std::size_t holders = 0;           // guarded by the owner's mutex
    Value value;
  };

 public:
  /// Small, for a connection holds it.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept : node_{std::exchange(other.node_, nullptr)} {}
    Handle& operator=(Handle&& other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Handle() {
      if (node_) node_->owner.release(*node_);
    }
    explicit operator bool() const noexcept { return node_ != nullptr; }
    Value* operator->() const noexcept { return &node_->value; }
    [[nodiscard]] Value* get() const noexcept { return node_ ? &node_->value : nullptr; }

   private:
    friend class SharedByKey;
    explicit Handle(Node* node) noexcept : node_{node} {}
    Node* node_ = nullptr;
  };

  /// Empty when `most` hold the key already.
  [[nodiscard]] Handle hold(std::string_view key,
                            std::size_t most = std::numeric_limits<std::size_t>::max()) {
    const std::lock_guard lock{mutex_};
    const auto [at, fresh] = nodes_.try_emplace(std::string{key}, *this);
    Node& node = at->second;
    node.key = &at->first;
    if (node.holders >= most) {
      if (fresh) nodes_.erase(at);
      return {};
    }
    ++node.holders;
    return Handle{&node};
  }

 private:
  using Nodes = std::pmr::unordered_map<std::string, Node>;

  void release(Node& node) noexcept {
    const std::lock_guard lock{mutex_};
    if (--node.holders != 0) return;
    nodes_.erase(nodes_.find(*node.key));
    if (!nodes_.empty()) return;
    Nodes(&memory_).swap(nodes_);
    memory_.release();
  }

  std::mutex mutex_;
  // Of its own, given back when nobody holds anything: between what stays, such as sessions, they
  // would leave holes.
  std::pmr::unsynchronized_pool_resource memory_;
  Nodes nodes_{&memory_};
};

}  // namespace kefu::inline v0
