# What a shared library of kefu has beside its objects: a version, and the choice of what it shows.
#
# The linker hides what cmake/exports.txt does not name. Attributes in the headers and -fvisibility=hidden
# would do the same, but then a hundred declarations carry a macro and the shared library is made of other
# objects than the static one. The script also marks each symbol with the version (KEFU_0.1), which keeps two
# kefus in one process apart.
include_guard(GLOBAL)
include(CheckLinkerFlag)

# Before 1.0 a minor version may change the ABI, so it is part of the name.
function(kefu_soversion out)
  set(version ${PROJECT_VERSION_MAJOR})
  if(PROJECT_VERSION_MAJOR EQUAL 0)
    string(APPEND version ".${PROJECT_VERSION_MINOR}")
  endif()
  set(${out} ${version} PARENT_SCOPE)
endfunction()

# The pattern language of such scripts knows no space, parenthesis or single colon.
function(kefu_write_export_map map)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/exports.txt")
  file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/exports.txt" names REGEX "^[A-Za-z]")
  set(patterns "")
  foreach(name IN LISTS names)
    set(name "kefu::v0::${name}")
    if(name MATCHES "::[A-Z][A-Za-z0-9]*$")
      # The members of a class, but not those of its Impl.
      list(APPEND patterns "${name}::[!I]*" "${name}::I[!m]*" "vtable?for?${name}"
           "typeinfo?for?${name}" "typeinfo?name?for?${name}")
    else()
      list(APPEND patterns "${name}[!A-Za-z0-9_]*" "guard?variable?for?${name}[!A-Za-z0-9_]*")
    endif()
  endforeach()
  kefu_soversion(version)
  list(TRANSFORM patterns APPEND "$<SEMICOLON>\n")
  list(TRANSFORM patterns PREPEND "      ")
  list(JOIN patterns "" patterns)
  file(GENERATE OUTPUT "${map}"
       CONTENT "KEFU_${version} {\n  global:\n    extern \"C++\" {\n${patterns}    }$<SEMICOLON>\n  local: *$<SEMICOLON>\n}$<SEMICOLON>\n")
endfunction()

function(kefu_shared_library target)
  kefu_soversion(version)
  set_target_properties(${target} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${version})
  if(NOT DEFINED CMAKE_INSTALL_RPATH)
    # The components lie beside each other, wherever that is.
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  endif()
  set(flags "-Wl,-Bsymbolic-functions")
  if(NOT KEFU_SANITIZE)  # whose runtime is in the program
    string(APPEND flags ",--no-undefined")
  endif()
  set(map "${PROJECT_BINARY_DIR}/kefu.map")
  check_linker_flag(CXX "-Wl,-Bsymbolic-functions,--no-undefined" KEFU_LINKER_TAKES_SCRIPTS)
  if(KEFU_LINKER_TAKES_SCRIPTS)
    get_property(written GLOBAL PROPERTY KEFU_EXPORT_MAP)
    if(NOT written)
      kefu_write_export_map("${map}")
      set_property(GLOBAL PROPERTY KEFU_EXPORT_MAP "${map}")
    endif()
    target_link_options(${target} PRIVATE "-Wl,--version-script=${map}" "${flags}")
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${map}")
  else()
    message(STATUS "kefu: this linker knows no version scripts, so ${target} shows all that it has")
  endif()
endfunction()
