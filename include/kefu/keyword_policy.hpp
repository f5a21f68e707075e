// keyword_policy(): words that must not be said, or that the staff is to look at.
#pragma once

#include <cstdint>
#include <kefu/policy.hpp>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// What becomes of a message with such a word in it. Of several the gravest counts: the last here.
enum class OnKeyword : std::uint8_t {
  flag,  ///< it is stored with KeywordOptions::tag
  mask,  ///< the word is replaced, an asterisk for each of its characters
  deny,  ///< it is refused, with KeywordOptions::reason
};

/// A word to look for.
struct Keyword {
  std::string word;  ///< UTF-8, at most 128 bytes; may have spaces in it
  OnKeyword then = OnKeyword::deny;
};

/// What keyword_policy() is made with.
struct KeywordOptions {
  std::vector<Keyword> keywords;  ///< at most 64 KiB of words
  std::string reason = "this can't be said here";
  std::string tag = "keyword";
};

/// Judges text messages, of everybody and in both logs, but not those of kind "file". Answers
/// inside the call, in one pass over the text however many words there are, and allocates only for
/// a message that has one. Fails closed, which matters only behind a policy that took all the time.
///
/// Words are found in any case (A to Z) and in the full-width forms of ASCII (ＡＢＣ), else as they
/// are written. One that begins or ends with a letter A to Z or a digit is found only where no
/// other such stands beside it; Chinese words are found anywhere. Who wants to say it will find a
/// way: this is for honest people and for the plainest of spam.
///
/// Memory: up to some hundred bytes for each byte of the words. Throws std::invalid_argument,
/// naming it, for a word that is empty, too long, no UTF-8, has a control character, or is there
/// twice.
///
///   hub.judge(kefu::keyword_policy({{{"代开发票"}, {"damn", kefu::OnKeyword::mask}}}));
[[nodiscard]] std::unique_ptr<Policy> keyword_policy(KeywordOptions options);

}  // namespace kefu::inline v0
