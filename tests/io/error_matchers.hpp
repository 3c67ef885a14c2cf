// EXPECT_ERROR(type, part of the message, statement): the right type, and a message that says what it must.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#define EXPECT_ERROR(Type, part, ...)                  \
  EXPECT_THAT([&] { static_cast<void>(__VA_ARGS__); }, \
              ::testing::Throws<Type>(::testing::Property("what", &Type::what, ::testing::HasSubstr(part))))
