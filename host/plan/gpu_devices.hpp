// Devices by name, as numbers: to plan for one that is not here.
#pragma once

#include <array>
#include <string_view>

#include "host/plan/gpu_plan.hpp"

namespace xent::plan {

struct NamedDevice {
  std::string_view name;
  DeviceProperties properties;
};

/// One of each architecture that the kernels are compiled for. Multiprocessors are NVIDIA's data sheets', the
/// rest is the CUDA programming guide's table of compute capabilities.
inline constexpr std::array<NamedDevice, 8> kNamedDevices{{
    {"t4", {75, 40, 1024, 64 << 10, 64 << 10}},
    {"a100", {80, 108, 2048, 164 << 10, 163 << 10}},
    {"rtx3090", {86, 82, 1536, 100 << 10, 99 << 10}},
    {"rtx4090", {89, 128, 1536, 100 << 10, 99 << 10}},
    {"h100", {90, 132, 2048, 228 << 10, 227 << 10}},
    {"h200", {90, 132, 2048, 228 << 10, 227 << 10}},
    {"b200", {100, 148, 2048, 228 << 10, 227 << 10}},
    {"rtx5090", {120, 170, 1536, 100 << 10, 99 << 10}},
}};

}  // namespace xent::plan
