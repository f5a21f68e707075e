# Tests that run in Node.js. Their npm packages go to the build folder, as package-lock.json pins them.

include_guard(GLOBAL)

find_program(KEFU_NODE NAMES node nodejs DOC "Node.js, for tests")
find_program(KEFU_NPM npm DOC "npm, for tests")
find_program(KEFU_CHROMIUM NAMES chromium chromium-browser DOC "Chromium, for tests")

# A folder's packages are a fixture of its tests.
function(kefu_node_fixture out)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
             OUTPUT_VARIABLE folder)
  string(MAKE_C_IDENTIFIER "kefu_packages_${folder}" name)
  set(${out} ${name} PARENT_SCOPE)
endfunction()

# kefu_node_packages(<label> <name>): a ctest entry <label>/<name> that fetches the packages of this folder.
function(kefu_node_packages label name)
  kefu_node_fixture(fixture)
  add_test(NAME ${label}/${name}
           COMMAND ${CMAKE_COMMAND} -DNEEDS=node,npm -DNODE=${KEFU_NODE} -DNPM=${KEFU_NPM}
                   -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR} -DPACKAGES=${CMAKE_CURRENT_BINARY_DIR}/node
                   -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/run_node.cmake")
  set_tests_properties(${label}/${name} PROPERTIES
    LABELS ${label} TIMEOUT 300 SKIP_REGULAR_EXPRESSION "SKIPPED: " FIXTURES_SETUP ${fixture})
endfunction()

# kefu_node_test(<label> <name> <file>… [NEEDS tool…] [PACKAGES] [ENVIRONMENT var=value…]): a ctest entry
# <label>/<name>. Of each tool KEFU_<TOOL> says where it is. With PACKAGES it needs those of this folder, which it finds where KEFU_NODE_DIR says.
function(kefu_node_test label name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "PACKAGES" "" "NEEDS;ENVIRONMENT")
  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE files)
  list(JOIN files "," files)
  list(JOIN arg_NEEDS "," needs)
  set(tools "")
  foreach(tool IN LISTS arg_NEEDS)
    string(TOUPPER "${tool}" variable)
    list(APPEND tools "-D${variable}=${KEFU_${variable}}")
  endforeach()
  add_test(NAME ${label}/${name}
           COMMAND ${CMAKE_COMMAND} -DNEEDS=${needs} -DNODE=${KEFU_NODE} ${tools} -DFILES=${files} -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/run_node.cmake")
  set(environment "KEFU_NODE_DIR=${CMAKE_CURRENT_BINARY_DIR}/node" "KEFU_CHROMIUM=${KEFU_CHROMIUM}"
                  ${arg_ENVIRONMENT})
  set_tests_properties(${label}/${name} PROPERTIES
    LABELS ${label} TIMEOUT 300 SKIP_REGULAR_EXPRESSION "SKIPPED: " ENVIRONMENT "${environment}")
  if("chromium" IN_LIST arg_NEEDS)
    set_tests_properties(${label}/${name} PROPERTIES RESOURCE_LOCK browser)  # one takes a whole core
  endif()
  if(arg_PACKAGES)
    kefu_node_fixture(fixture)
    set_tests_properties(${label}/${name} PROPERTIES FIXTURES_REQUIRED ${fixture})
  endif()
endfunction()
