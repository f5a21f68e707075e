# Finds llhttp and defines Llhttp::Llhttp.
find_path(Llhttp_INCLUDE_DIR llhttp.h)
find_library(Llhttp_LIBRARY llhttp)
mark_as_advanced(Llhttp_INCLUDE_DIR Llhttp_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Llhttp REQUIRED_VARS Llhttp_LIBRARY Llhttp_INCLUDE_DIR)

if(Llhttp_FOUND AND NOT TARGET Llhttp::Llhttp)
  add_library(Llhttp::Llhttp UNKNOWN IMPORTED)
  set_target_properties(Llhttp::Llhttp PROPERTIES
                        IMPORTED_LOCATION "${Llhttp_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${Llhttp_INCLUDE_DIR}")
endif()
