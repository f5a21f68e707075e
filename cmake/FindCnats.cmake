# Finds the C client of NATS and defines Cnats::Cnats. (The config of Debian's package names files that it does
# not have.)
find_path(Cnats_INCLUDE_DIR nats/nats.h)
find_library(Cnats_LIBRARY NAMES nats nats_static)
mark_as_advanced(Cnats_INCLUDE_DIR Cnats_LIBRARY)

if(Cnats_INCLUDE_DIR AND EXISTS "${Cnats_INCLUDE_DIR}/nats/version.h")
  file(STRINGS "${Cnats_INCLUDE_DIR}/nats/version.h" cnats_line
       REGEX "#define NATS_VERSION_STRING +\"")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" Cnats_VERSION "${cnats_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cnats REQUIRED_VARS Cnats_LIBRARY Cnats_INCLUDE_DIR
                                  VERSION_VAR Cnats_VERSION)

if(Cnats_FOUND AND NOT TARGET Cnats::Cnats)
  add_library(Cnats::Cnats UNKNOWN IMPORTED)
  set_target_properties(Cnats::Cnats PROPERTIES
                        IMPORTED_LOCATION "${Cnats_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${Cnats_INCLUDE_DIR}")
endif()
