// The main() of a fuzzer without libFuzzer: runs it over files, then over a fixed sequence of
// made-up inputs. So what was found once is a test with every compiler and sanitizer.
//
//   <fuzzer> [-random=N] [file or folder…]
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <kefu/testing/random.hpp>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void run(const std::vector<std::uint8_t>& bytes) {
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::uint8_t> read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "can't read %s\n", file.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t run_all(const fs::path& where) {
  if (!fs::is_directory(where)) {
    std::printf("%s\n", where.c_str());  // the last line before a crash names it
    std::fflush(stdout);
    run(read(where));
    return 1;
  }
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(where)) {
    if (entry.is_regular_file()) count += run_all(entry.path());
  }
  return count;
}

void run_random(std::uint64_t seed) {
  kefu::testing::Random random(seed);
  std::vector<std::uint8_t> bytes(random.below(800));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  std::printf("random %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  run(bytes);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    constexpr std::string_view kRandom = "-random=";
    if (!argument.starts_with(kRandom)) {
      count += run_all(argument);
      continue;
    }
    std::uint64_t runs = 0;
    std::from_chars(argument.data() + kRandom.size(), argument.data() + argument.size(), runs);
    for (std::uint64_t seed = 1; seed <= runs; ++seed, ++count) run_random(seed);
  }
  std::printf("%zu inputs\n", count);
  return count == 0 ? 2 : 0;
}
