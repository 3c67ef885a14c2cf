// One list of fields per struct, walked by a writer and by a reader.
#include "host/mlp/recipe_fields.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <system_error>
#include <type_traits>

#include <xent/error.hpp>

namespace xent::mlp {
namespace {

// Struct is const where the fields are written out, mutable where they are read in.
template <class Struct, class Visitor>
requires std::same_as<std::remove_const_t<Struct>, Recipe>
void each_field(Struct& recipe, const Visitor& visit) {
  visit("recipe.layers", recipe.layers);
  visit("recipe.epochs", recipe.epochs);
  visit("recipe.batch", recipe.batch);
  visit("recipe.optimizer", recipe.optimizer);
  visit("recipe.lr", recipe.lr);
  visit("recipe.schedule", recipe.schedule);
  visit("recipe.final_lr_ratio", recipe.final_lr_ratio);
  visit("recipe.warmup_steps", recipe.warmup_steps);
  visit("recipe.momentum", recipe.momentum);
  visit("recipe.beta1", recipe.beta1);
  visit("recipe.beta2", recipe.beta2);
  visit("recipe.epsilon", recipe.epsilon);
  visit("recipe.weight_decay", recipe.weight_decay);
  visit("recipe.label_smoothing", recipe.label_smoothing);
  visit("recipe.dropout", recipe.dropout);
  visit("recipe.input_dropout", recipe.input_dropout);
  visit("recipe.shift", recipe.shift);
  visit("recipe.seed", recipe.seed);
}

template <class Struct, class Visitor>
requires std::same_as<std::remove_const_t<Struct>, Progress>
void each_field(Struct& progress, const Visitor& visit) {
  visit("progress.epoch", progress.epoch);
  visit("progress.step_in_epoch", progress.step_in_epoch);
  visit("progress.step", progress.step);
  visit("progress.epoch_loss_sum", progress.epoch_loss_sum);
  visit("progress.epoch_correct", progress.epoch_correct);
  visit("progress.epoch_samples", progress.epoch_samples);
}

template <class Number>
std::string text_of(Number value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}
std::string text_of(Optimizer value) { return name(value); }
std::string text_of(Schedule value) { return name(value); }
std::string text_of(const std::vector<std::int64_t>& values) {
  std::string text;
  for (const std::int64_t value : values) {
    if (!text.empty()) text += ',';
    text += text_of(value);
  }
  return text;
}

[[noreturn]] void refuse(const char* field, const std::string& text, const char* expected) {
  throw InvalidArgument(std::string(field) + " is \"" + text + "\", must be " + expected);
}

template <class Number>
void read(const char* field, const std::string& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse(field, text, "a number of its range");
}
void read(const char*, const std::string& text, Optimizer& value) { value = optimizer_from(text); }
void read(const char*, const std::string& text, Schedule& value) { value = schedule_from(text); }
void read(const char* field, const std::string& text, std::vector<std::int64_t>& values) {
  values.clear();
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    read(field, text.substr(begin, end - begin), values.emplace_back());
    begin = end + 1;
  }
}

template <class Struct>
void write(const Struct& value, Fields& fields) {
  each_field(value, [&](const char* field, const auto& member) { fields[field] = text_of(member); });
}

template <class T>
T read_field(const Fields& fields, const char* field) {
  const auto found = fields.find(field);
  if (found == fields.end()) throw InvalidArgument(std::string(field) + " is missing");
  T value{};
  read(field, found->second, value);
  return value;
}

template <class Struct>
Struct read_all(const Fields& fields) {
  Struct value;
  each_field(value, [&]<class T>(const char* field, T& member) { member = read_field<T>(fields, field); });
  return value;
}

}  // namespace

void write_fields(const Recipe& recipe, Fields& fields) { write(recipe, fields); }
void write_fields(const Progress& progress, Fields& fields) { write(progress, fields); }
Recipe read_recipe(const Fields& fields) { return read_all<Recipe>(fields); }
Progress read_progress(const Fields& fields) { return read_all<Progress>(fields); }
std::int64_t read_integer(const Fields& fields, const char* field) {
  return read_field<std::int64_t>(fields, field);
}
std::uint64_t read_unsigned(const Fields& fields, const char* field) {
  return read_field<std::uint64_t>(fields, field);
}

}  // namespace xent::mlp
