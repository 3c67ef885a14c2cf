// xent: fused softmax, log-softmax, NLL and cross-entropy. This one include gives all of the C++ API.
#pragma once

#include <xent/binary_cross_entropy.hpp>
#include <xent/cross_entropy.hpp>
#include <xent/device.hpp>
#include <xent/divergence.hpp>
#include <xent/dtype.hpp>
#include <xent/error.hpp>
#include <xent/exec.hpp>
#include <xent/nll.hpp>
#include <xent/options.hpp>
#include <xent/parallel.hpp>
#include <xent/shards.hpp>
#include <xent/softmax.hpp>
#include <xent/target.hpp>
#include <xent/view.hpp>
