// The version of kefu, as macros for #if and as constants for code. CMake reads it from here.
#pragma once

#define KEFU_VERSION_MAJOR 0
#define KEFU_VERSION_MINOR 1
#define KEFU_VERSION_PATCH 0

namespace kefu {

inline constexpr int kVersionMajor = KEFU_VERSION_MAJOR;
inline constexpr int kVersionMinor = KEFU_VERSION_MINOR;
inline constexpr int kVersionPatch = KEFU_VERSION_PATCH;

}  // namespace kefu
