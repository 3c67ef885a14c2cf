# What every target of the project shares: language level, warnings, sanitizers, where programs go.
include(GNUInstallDirs)
find_package(Threads REQUIRED)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

# XENT_COLD: a target, or all of a folder that sets the variable, is not optimised when sanitized.
define_property(TARGET PROPERTY XENT_COLD INITIALIZE_FROM_VARIABLE XENT_COLD)

# An interface target carries the private flags, so that nothing leaks to a project that adds this one.
add_library(xent_flags INTERFACE)
target_compile_features(xent_flags INTERFACE cxx_std_20)
target_compile_options(xent_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow $<$<BOOL:${XENT_WERROR}>:-Werror>)
target_include_directories(xent_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(XENT_SANITIZE)
  # More optimisation takes two to three times as long to compile, and finds nothing more. What is said not to
  # compute for long (XENT_COLD) has none, which halves that once more.
  target_compile_options(xent_flags INTERFACE -fsanitize=${XENT_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all -g1 $<IF:$<BOOL:$<TARGET_PROPERTY:XENT_COLD>>,-O0,-O1>)
  target_link_options(xent_flags INTERFACE -fsanitize=${XENT_SANITIZE})
endif()
if(XENT_BUILD_FUZZ)
  # Everything tells libFuzzer which branches were taken; its main comes with the fuzz targets alone.
  target_compile_options(xent_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(xent_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# xent_library(name SOURCES … LIBS …): an internal static library of the apps' side of the house.
function(xent_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LIBS} PRIVATE $<BUILD_INTERFACE:xent_flags>)
endfunction()

# xent_test_flags(target [KERNELS]): what every test is compiled with. Tests are many and run once: what they
# call is optimised, they themselves hardly, with a sanitizer not at all unless they hold kernels to emulate.
# GoogleTest's headers are parsed once for all that are compiled alike.
function(xent_test_flags target)
  set(alike ON)
  if(NOT XENT_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-O1>)
  elseif("KERNELS" IN_LIST ARGN)
    set(alike OFF)
  else()
    set_target_properties(${target} PROPERTIES XENT_COLD ON)
  endif()
  target_link_libraries(${target} PRIVATE xent_flags GTest::gtest GTest::gmock)
  if(alike AND NOT target STREQUAL xent_test_headers)
    target_precompile_headers(${target} REUSE_FROM xent_test_headers)
  endif()
endfunction()

# xent_test(name LABELS unit SOURCES … LIBS …): a GoogleTest program, registered once with ctest.
function(xent_test name)
  cmake_parse_arguments(arg "" "" "LABELS;SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  if("simt" IN_LIST arg_LABELS)
    xent_test_flags(${name} KERNELS)
  else()
    xent_test_flags(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest_main)
  gtest_discover_tests(${name} PROPERTIES LABELS "${arg_LABELS}" DISCOVERY_TIMEOUT 60)
endfunction()
