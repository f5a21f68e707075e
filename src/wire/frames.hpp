// From Fields to frames.
#pragma once

#include <kefu/limits.hpp>
#include <kefu/wire/codec.hpp>

#include "wire/fields.hpp"

namespace kefu::inline v0::wire {

/// Builds the frame that `fields` say; what was in the containers is moved out. False, and why in
/// `error`, when they say none. `error` is empty for a server's frame of an unknown type.
[[nodiscard]] bool to_frame(const Fields& fields, Containers& containers, const limits& bounds,
                            ClientFrame& frame, DecodeError& error);
[[nodiscard]] bool to_frame(const Fields& fields, Containers& containers, ServerFrame& frame,
                            std::optional<DecodeError>& error);

}  // namespace kefu::inline v0::wire
