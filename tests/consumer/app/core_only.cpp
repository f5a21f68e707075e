// Needs nothing but the standard library behind kefu::core.
#include <kefu/model/id.hpp>
#include <kefu/version.hpp>

#include <cstdio>

int main() {
  const auto id = kefu::make_uuid_v7<kefu::ConversationId>(1'700'000'000'000, 1, 2);
  const auto text = id.to_string();
  std::printf("kefu %d.%d.%d, conversation %s\n", kefu::kVersionMajor, kefu::kVersionMinor,
              kefu::kVersionPatch, text.c_str());
  return kefu::ConversationId::parse(text) == id ? 0 : 1;
}
