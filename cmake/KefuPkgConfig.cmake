# A pkg-config file per component: kefu.pc, kefu-core.pc, kefu-net.pc … They name no absolute path, so an
# installed tree may be moved.
include_guard(GLOBAL)

# What the packages of kefu_add_library are to pkg-config: a module, or flags where Debian has none.
set(kefu_pc_module_Cnats libnats)
set(kefu_pc_module_OpenSSL openssl)
set(kefu_pc_module_PostgreSQL libpq)
set(kefu_pc_module_SQLite3 sqlite3)
set(kefu_pc_module_ZLIB zlib)
set(kefu_pc_module_fmt fmt)
set(kefu_pc_module_simdjson simdjson)
set(kefu_pc_cflags_Asio -DASIO_STANDALONE -DASIO_NO_DEPRECATED -pthread)
set(kefu_pc_libs_Asio -pthread)
set(kefu_pc_libs_HttpParser -lhttp_parser)
set(kefu_pc_libs_Llhttp -lllhttp)
set(kefu_pc_libs_Threads -pthread)
set(kefu_pc_libs_date -ldate-tz)

# A static library is of no use without what it is built on, so that stands in Requires and Libs and
# `pkg-config --libs` is enough, with or without --static. A shared one has its own list of what it
# needs, and asks for nothing that its headers don't.
function(kefu_install_pkg_config component)
  get_property(needs GLOBAL PROPERTY KEFU_NEEDS_${component})
  get_property(packages GLOBAL PROPERTY KEFU_PACKAGES_${component})
  set(name kefu-${component})
  set(libs -L\${libdir} -lkefu_${component})
  if(component STREQUAL "kefu")
    set(name kefu)
    set(libs -L\${libdir} -lkefu)
  elseif(component STREQUAL "core")
    set(libs "")
  endif()
  list(TRANSFORM needs PREPEND "kefu-")
  list(TRANSFORM needs REPLACE "^kefu-kefu$" "kefu")
  list(TRANSFORM needs APPEND " = ${PROJECT_VERSION}")
  set(requires ${needs})
  set(cflags -I\${includedir})
  foreach(package IN LISTS packages)
    if(NOT DEFINED kefu_pc_module_${package} AND NOT DEFINED kefu_pc_libs_${package})
      message(FATAL_ERROR "cmake/KefuPkgConfig.cmake does not know the package ${package}")
    endif()
    list(APPEND requires ${kefu_pc_module_${package}})
    list(APPEND cflags ${kefu_pc_cflags_${package}})
    list(APPEND libs ${kefu_pc_libs_${package}})
  endforeach()
  list(REMOVE_DUPLICATES libs)
  list(JOIN requires ", " requires)
  list(JOIN cflags " " cflags)
  list(JOIN libs " " libs)

  set(prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  file(RELATIVE_PATH prefix "${prefix}" "/")
  string(REGEX REPLACE "/$" "" prefix "${prefix}")
  set(file "${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc")
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT [[
prefix=${pcfiledir}/@prefix@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: @name@
Description: @PROJECT_DESCRIPTION@ (@component@)
Version: @PROJECT_VERSION@
Requires: @requires@
Cflags: @cflags@
Libs: @libs@
]])
  install(FILES "${file}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()
