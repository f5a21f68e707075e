# Install rules: an export per component, so that find_package looks only for what a host asked for.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(KefuPkgConfig)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kefu")
get_property(components GLOBAL PROPERTY KEFU_COMPONENTS)

set(KEFU_CONFIG_TABLE "")
foreach(component IN LISTS components)
  install(TARGETS kefu_${component} EXPORT kefu-${component})
  kefu_install_pkg_config(${component})
  install(EXPORT kefu-${component} NAMESPACE kefu:: DESTINATION "${config_dir}"
          FILE kefu-${component}-targets.cmake)
  get_property(needs GLOBAL PROPERTY KEFU_NEEDS_${component})
  get_property(packages GLOBAL PROPERTY KEFU_PACKAGES_${component})
  string(APPEND KEFU_CONFIG_TABLE "set(_kefu_needs_${component} ${needs})\n"
         "set(_kefu_packages_${component} ${packages})\n")
endforeach()

set(absent "")
foreach(component sqlite postgres nats net client)
  if(NOT component IN_LIST components)
    list(APPEND absent PATTERN "kefu/${component}" EXCLUDE)
  endif()
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/kefu" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" ${absent})

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/kefu-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/kefu-config.cmake"
                              INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/kefu-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/kefu-config.cmake"
              "${PROJECT_BINARY_DIR}/kefu-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindAsio.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindCnats.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindHttpParser.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindLlhttp.cmake"
        DESTINATION "${config_dir}")
