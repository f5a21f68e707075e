#include "word_finder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <stdexcept>

using namespace kefu;

namespace {

/// What was found, as it stands in the text, with bars between.
std::string found(const WordFinder& finder, std::string_view text) {
  std::string out;
  finder.find(text, [&](const WordFinder::Found& one) {
    if (!out.empty()) out += '|';
    out += text.substr(one.begin, one.end - one.begin);
  });
  return out;
}

}  // namespace

TEST_CASE("words are found wherever they stand, also within each other") {
  const WordFinder finder({"发票", "代开发票", "开发", "+he", "-she"});
  CHECK(found(finder, "这里代开发票，便宜") == "开发|代开发票|发票");
  CHECK(found(finder, "x-she+he") == "-she|+he");
  CHECK(found(finder, "发 票").empty());
  CHECK(found(finder, "").empty());
}

TEST_CASE("case and width make no difference") {
  const WordFinder finder({"Free Money", "ＶＸ号"});
  CHECK(found(finder, "fREE mONEY!") == "fREE mONEY");
  CHECK(found(finder, "Ｆｒｅｅ　Money") == "Ｆｒｅｅ　Money");
  CHECK(found(finder, "加vx号，ＶX号") == "vx号|ＶX号");
  CHECK(found(finder, "\xef\xbc") == "");  // what is cut off is not read beyond
}

TEST_CASE("words of Latin letters are whole words") {
  const WordFinder finder({"ass", "c++", ".net", "1st"});
  CHECK(found(finder, "class glass assess passé").empty());
  CHECK(found(finder, "ass, ASS; (ass)") == "ass|ASS|ass");
  CHECK(found(finder, "混ass字") == "ass");
  CHECK(found(finder, "ａass assａ").empty());
  CHECK(found(finder, "c++11 objc++") == "c++");
  CHECK(found(finder, "asp.net 21st") == ".net");
}

TEST_CASE("bad words are refused, and so are too many") {
  const auto refuses = [](std::vector<std::string> words) {
    CHECK_THROWS_AS(WordFinder{words}, std::invalid_argument);
  };
  refuses({""});
  refuses({" "});
  refuses({"　"});
  refuses({"a\nb"});
  refuses({"\xff"});
  refuses({"same", "ＳＡＭＥ"});
  refuses({std::string(WordFinder::kMaxWord + 1, 'x')});
  std::vector<std::string> many;
  for (int i = 0; i < 10'000; ++i) many.push_back("word number " + std::to_string(i));
  refuses(many);
  CHECK_NOTHROW(WordFinder{std::vector<std::string>{}});
}

TEST_CASE("it finds what a plain search finds") {
  std::mt19937 random(7);
  const auto text_of = [&](std::size_t size) {
    std::string text;
    while (size-- > 0) text += "-+*世"[random() % 3];
    return text;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> words;
    while (words.size() < 5) {
      std::string word = text_of(1 + random() % 4);
      if (std::ranges::find(words, word) == words.end()) words.push_back(word);
    }
    const std::string text = text_of(60);
    std::size_t expected = 0;
    for (const std::string& word : words) {
      for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
        ++expected;
    }
    std::size_t count = 0;
    WordFinder(words).find(text, [&](const WordFinder::Found& one) {
      CHECK(text.substr(one.begin, one.end - one.begin) == words[one.word]);
      ++count;
    });
    CHECK(count == expected);
  }
}
