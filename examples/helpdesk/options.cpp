#include "options.hpp"

#include "desk.hpp"
#include "settings.hpp"
#include "toml_file.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

namespace helpdesk {
namespace {

/// What the command line says, in its order. The last word on a setting counts.
using Said = std::vector<std::pair<const Setting*, std::string>>;

/// Errors name the setting as its source writes it.
template <class Set>
void naming(const std::string& name, Set set) try {
  set();
} catch (const std::runtime_error& error) {
  throw std::runtime_error(name + " " + error.what());
}

std::optional<Value> value_of(const toml::node& node) {
  if (node.is_string()) return *node.value<std::string>();
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_number()) return *node.value<double>();
  const toml::array* const items = node.as_array();
  if (!items) return std::nullopt;
  std::vector<std::string> texts;
  for (const toml::node& item : *items) {
    if (!item.is_string()) return std::nullopt;
    texts.push_back(*item.value<std::string>());
  }
  return texts;
}

void read_node(const Setting& setting, const toml::node& node) try {
  const std::optional<Value> value = value_of(node);
  if (!value)
    throw std::runtime_error("must be a text, a number, true or false, or a list of texts");
  set(setting, *value);
} catch (const std::runtime_error& error) {
  refuse(node.source(), fmt::format("{} {}", setting.key, error.what()));
}

void read_file(const std::string& path, const std::vector<Setting>& table, Options& options) {
  const toml::table file = read_toml(path);
  std::vector<std::string_view> known(std::begin(kDeskKeys), std::end(kDeskKeys));
  for (const Setting& setting : table) known.emplace_back(setting.key);
  refuse_unknown(file, known);
  for (const Setting& setting : table) {
    if (const toml::node* const node = file.get(setting.key)) read_node(setting, *node);
  }
  read_desk(file, options.desk);
}

/// False when it says nothing.
bool read_environment(const std::vector<Setting>& table) {
  bool said = false;
  for (const Setting& setting : table) {
    const std::string variable = setting.variable();
    const char* const text = std::getenv(variable.c_str());
    if (!text) continue;
    naming(variable, [&] { set_from_text(setting, text); });
    said = true;
  }
  return said;
}

void add(CLI::App& app, const Setting& setting, Said& said) {
  if (setting.is_switch()) {
    app.add_flag_function(
        setting.flag(),
        [&](std::int64_t count) { said.emplace_back(&setting, count > 0 ? "true" : "false"); },
        setting.help);
    return;
  }
  const auto say = [&](const std::string& text) { said.emplace_back(&setting, text); };
  auto* const option = app.add_option_function<std::string>(setting.flag(), say, setting.help);
  option->default_str(to_text(setting));
  if (!setting.choices.empty())
    option->type_name(fmt::format("{{{}}}", fmt::join(setting.choices, ",")));
}

}  // namespace

Options read_options(int argc, char** argv) {
  Options options;
  const std::vector<Setting> table = settings(options);
  const char* const named = std::getenv("KEFU_CONFIG");
  std::string config = named ? named : "";
  Said said;
  CLI::App app{
      "A help desk on kefu: visitors and agents, in one program and one data folder.\n"
      "What the command line says counts before the environment (KEFU_PORT for --port), and that "
      "before the file."};
  app.footer(
      "helpdesk check-config FILE   says whether FILE would do, and what is wrong with it\n"
      "helpdesk backup FILE [--data …]  copies the database, also of one that runs");
  app.add_option("--config", config, "TOML file with any of these options: see helpdesk.toml");
  for (const Setting& setting : table) add(app, setting, said);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (!config.empty()) read_file(config, table, options);
  const bool told = read_environment(table) || !config.empty() || argc > 1;
  for (const auto& [setting, text] : said)
    naming(setting->flag(),
           [&, &setting = setting, &text = text] { set_from_text(*setting, text); });
  if (!told) options.demo = options.files = true;
  return options;
}

void check(const Options& options) {
  const auto refuse = [](const char* what) { throw std::runtime_error(what); };
  const bool local = options.address == "::1" || options.address.starts_with("127.");
  if (options.demo && !local)
    refuse("demo gives tokens to everybody, so address must be on loopback with it");
  if (options.secret_file.empty() && !options.demo)
    refuse("secret_file is needed, unless this is a demo");
  if (options.tls_chain.empty() != options.tls_key.empty())
    refuse("tls_chain and tls_key need each other");
  if (options.trusted_proxies.empty() != (options.proxy_header == "none"))
    refuse("trusted_proxies and proxy_header need each other");
  if (!options.nats.empty() && options.postgres.empty())
    refuse("nats needs postgres: it joins the nodes on one database");
  if (options.files && !options.nats.empty())
    refuse("files needs a single node: each of several would have only what was sent to it");
  if (!options.webhook.empty() && options.webhook_secret_file.empty())
    refuse("webhook needs webhook_secret_file");
  if (options.audit.empty() && !(options.audit_anchors.empty() && options.audit_writer.empty()))
    refuse("audit_anchors and audit_writer need audit");
  if (!options.scan.empty() && !options.files) refuse("scan needs files");
  if (!options.files_folder.empty() && !options.files) refuse("files_folder needs files");
}

}  // namespace helpdesk
