// Recipes and progress as name-value texts: how a checkpoint's metadata keeps them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "host/mlp/progress.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mlp {

using Fields = std::map<std::string, std::string>;

/// Adds every field under "recipe." or "progress."; numbers keep all their digits.
void write_fields(const Recipe& recipe, Fields& fields);
void write_fields(const Progress& progress, Fields& fields);

/// The inverse. Throws InvalidArgument naming the field that is missing or does not read as its type.
/// Ranges are the caller's to check.
Recipe read_recipe(const Fields& fields);
Progress read_progress(const Fields& fields);
std::int64_t read_integer(const Fields& fields, const char* field);
std::uint64_t read_unsigned(const Fields& fields, const char* field);

}  // namespace xent::mlp
