// Stands in for libFuzzer where there is none: runs a fuzz target over its seeds and over mutations of them
// that are the same on every run. An input that fails is left in a file, for the debugger and for the corpus.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

/// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }

 private:
  std::uint64_t state_;
};

void mutate_once(Input& input, const std::vector<Input>& seeds, Random& random) {
  const auto place = [&] {
    return input.begin() + static_cast<std::ptrdiff_t>(random.below(input.size() + 1));
  };
  if (input.empty()) {
    input.push_back(static_cast<std::uint8_t>(random.bits()));
    return;
  }
  switch (random.below(6)) {
    case 0: input[random.below(input.size())] ^= static_cast<std::uint8_t>(1u << random.below(8)); break;
    case 1: {  // the values at which sizes and signs go wrong
      constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '0', '9', ' '};
      const std::size_t at = random.below(input.size());
      const std::size_t run = std::min(input.size() - at, std::size_t{1} << random.below(4));
      std::fill_n(input.begin() + static_cast<std::ptrdiff_t>(at), run,
                  kEdges[random.below(std::size(kEdges))]);
      break;
    }
    case 2: input.erase(place(), input.end()); break;
    case 3: input.insert(place(), static_cast<std::uint8_t>(random.bits())); break;
    case 4: {
      const auto from = place();
      input.erase(from,
                  from + std::min<std::ptrdiff_t>(input.end() - from, 1 + static_cast<int>(random.below(8))));
      break;
    }
    default: {  // the head of this one, the tail of another
      const Input& other = seeds[random.below(seeds.size())];
      input.erase(place(), input.end());
      const std::size_t cut = random.below(other.size() + 1);
      input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(cut), other.end());
    }
  }
}

/// Written before each run, since a crash leaves no time for it afterwards; removed when all went well.
class Current {
 public:
  explicit Current(const std::string& program) : path_(program + ".failing-input") {}
  void run(const Input& input) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  void all_well() const { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<Input> read_seeds(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);  // directories have no order of their own
  std::vector<Input> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER MUTATIONS\n", argv[0]);
    return 2;
  }
  const Current current(argv[0]);
  try {
    const std::vector<Input> seeds = read_seeds(argv[1]);
    if (seeds.empty()) throw std::runtime_error(std::string("no seeds in ") + argv[1]);
    for (const Input& seed : seeds) current.run(seed);
    const long mutations = std::atol(argv[2]);
    Random random(1);
    for (long i = 0; i < mutations; ++i) {
      Input input = seeds[static_cast<std::size_t>(i) % seeds.size()];
      for (std::size_t changes = 1 + random.below(4); changes > 0; --changes)
        mutate_once(input, seeds, random);
      current.run(input);
    }
    current.all_well();
    std::printf("%zu seeds and %ld mutations: no failure\n", seeds.size(), mutations);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "not an expected error: %s (input in %s)\n", error.what(), current.path().c_str());
    return 1;
  }
  return 0;
}
