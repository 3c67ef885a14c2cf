# XENT_CUDA=AUTO builds the CUDA backend where there is nvcc; ON insists, OFF does not look. Sets
# XENT_HAVE_CUDA. Nothing needs a GPU.
set(XENT_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO, ON or OFF")
set_property(CACHE XENT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(XENT_HAVE_CUDA OFF)

if(NOT XENT_CUDA OR XENT_SANITIZE OR XENT_BUILD_FUZZ)  # device code has no sanitizer to link with
  return()
endif()
if(XENT_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    return()
  endif()
endif()

# What to compile for. A developer waits for the GPU at hand alone, or for Hopper where there is none; what is
# handed to others runs on all, and as PTX on what comes later.
set(XENT_CUDA_ARCHITECTURES "" CACHE STRING "native (default: the GPU present, or 90), all, or a list as CMAKE_CUDA_ARCHITECTURES")
if(XENT_CUDA_ARCHITECTURES STREQUAL "all")
  # The sources tell three kinds of GPU apart, so each is parsed three times, whatever the code is then made for;
  # the last kind stays in as PTX too. CMake's own list has a kind per architecture, which takes half as long again.
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  add_compile_options("$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-gencode arch=compute_75,code=sm_75>"
                      "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-gencode arch=compute_80,code=[sm_80,sm_86,sm_89]>"
                      "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-gencode arch=compute_90,code=[sm_90,sm_100,sm_120,compute_90]>")
elseif(XENT_CUDA_ARCHITECTURES AND NOT XENT_CUDA_ARCHITECTURES STREQUAL "native")
  set(CMAKE_CUDA_ARCHITECTURES ${XENT_CUDA_ARCHITECTURES})
elseif(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
                  OUTPUT_VARIABLE present ERROR_QUIET RESULT_VARIABLE failed)
  string(REGEX MATCHALL "[0-9]+\\.[0-9]+" present "${present}")
  list(REMOVE_DUPLICATES present)
  list(TRANSFORM present REPLACE "\\." "")
  if(failed OR NOT present)
    set(present 90)
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${present})
endif()
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.0)  # the first that speaks C++20
  if(XENT_CUDA STREQUAL "AUTO")
    message(STATUS "No CUDA backend: nvcc is ${CMAKE_CUDA_COMPILER_VERSION}, it takes 12.0")
    return()
  endif()
  message(FATAL_ERROR "XENT_CUDA=ON: nvcc is ${CMAKE_CUDA_COMPILER_VERSION}, must be 12.0 or newer")
endif()
if(XENT_CUDA_ARCHITECTURES STREQUAL "all" AND CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.8)
  message(FATAL_ERROR "XENT_CUDA_ARCHITECTURES=all: nvcc is ${CMAKE_CUDA_COMPILER_VERSION}, must be 12.8 or newer")
endif()
set(shown ${CMAKE_CUDA_ARCHITECTURES})
if(NOT shown)
  set(shown ${XENT_CUDA_ARCHITECTURES})
endif()
message(STATUS "CUDA backend: nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${shown}")
set(XENT_HAVE_CUDA ON)
# By hand: CMake 3.25 does not know that nvcc speaks C++20.
add_compile_options($<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
