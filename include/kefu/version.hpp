// The version of kefu, as macros for #if and as constants for code. CMake reads it from here.
//
// Everything is in the inline namespace kefu::v0: write kefu::Hub, and the linker sees
// kefu::v0::Hub, so that what was compiled for another ABI does not link. Don't open kefu's
// namespaces in a host, not even to declare its classes.
#pragma once

#define KEFU_VERSION_MAJOR 0
#define KEFU_VERSION_MINOR 1
#define KEFU_VERSION_PATCH 0

namespace kefu::inline v0 {

inline constexpr int kVersionMajor = KEFU_VERSION_MAJOR;
inline constexpr int kVersionMinor = KEFU_VERSION_MINOR;
inline constexpr int kVersionPatch = KEFU_VERSION_PATCH;

}  // namespace kefu::inline v0
