// file_policy(): messages of kind "file" (kind::kFile), which refer to files.
#pragma once

#include <kefu/files.hpp>
#include <kefu/policy.hpp>
#include <memory>

namespace kefu::inline v0 {

/// Judges messages of kind "file", and allows all others. Their body is the id of a committed file
/// of the same conversation that the sender has uploaded; any other is denied, and so is one that a
/// scanner refused. The file is kept (Files::keep) before the message is stored, so none that a
/// message refers to is collected. Fails closed: a disk that doesn't answer within
/// limits::policy_deadline denies the message.
///
///   hub.judge(kefu::file_policy(files));
///
/// Judge by it last: what it has kept stays kept, also when a later policy denies the message or
/// the store fails. `files` outlives the policy.
[[nodiscard]] std::unique_ptr<Policy> file_policy(Files& files);

}  // namespace kefu::inline v0
