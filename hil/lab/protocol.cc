#include "hil/lab/protocol.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

namespace ixylab::hil {

namespace {

using nlohmann::json;

// In the order of the enumerations.
constexpr std::array<std::string_view, 6> kRequests = {"check",  "run",     "regs",
                                                       "record", "reserve", "release"};
constexpr std::array<std::string_view, 6> kEvents = {"note", "line", "file", "busy", "fail", "end"};
constexpr std::array<std::string_view, 5> kEnds = {"exited", "signalled", "deadline", "stopped",
                                                   "failed"};
constexpr std::array<std::string_view, 3> kBuses = {"sysfs", "uio", "vfio"};

// What no claim and no program exceeds: it keeps sums of times far from overflow.
constexpr std::int64_t kMaxSeconds = 366 * 24 * 3600;

/// An object of the protocol while it is read.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {
    if (!object.is_object()) throw std::runtime_error("not an object");
  }

  const json& At(const char* key) const {
    const auto value = object_.find(key);
    if (value == object_.end()) throw std::runtime_error(std::string("no ") + key);
    return *value;
  }

  std::string Text(const char* key) const { return AsText(key, At(key)); }

  bool Flag(const char* key) const {
    if (!At(key).is_boolean()) Refuse(key);
    return At(key).get<bool>();
  }

  std::int64_t Number(const char* key, std::int64_t low, std::int64_t high) const {
    const json& value = At(key);
    // Above that only the unsigned type holds a number, and get would make it negative.
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    const bool fits = !value.is_number_unsigned() || value.get<std::uint64_t>() <= kMax;
    if (!value.is_number_integer() || !fits) Refuse(key);
    const auto number = value.get<std::int64_t>();
    if (number < low || number > high) Refuse(key);
    return number;
  }

  std::chrono::seconds Seconds(const char* key) const {
    return std::chrono::seconds(Number(key, 0, kMaxSeconds));
  }

  template <typename Enum, std::size_t n>
  Enum OneOf(const char* key, const std::array<std::string_view, n>& names) const {
    const std::string name = Text(key);
    for (std::size_t i = 0; i < n; ++i) {
      if (names[i] == name) return static_cast<Enum>(i);
    }
    throw std::runtime_error(std::string("unknown ") + key + " \"" + name + "\"");
  }

  const json& List(const char* key) const {
    if (!At(key).is_array()) Refuse(key);
    return At(key);
  }

  std::vector<std::string> Texts(const char* key) const {
    std::vector<std::string> texts;
    for (const json& text : List(key)) texts.push_back(AsText(key, text));
    return texts;
  }

  std::array<std::string, 2> TwoTexts(const char* key) const {
    std::vector<std::string> texts = Texts(key);
    if (texts.size() != 2) Refuse(key);
    return {std::move(texts[0]), std::move(texts[1])};
  }

 private:
  [[noreturn]] static void Refuse(const char* key) {
    throw std::runtime_error(std::string("a bad value of ") + key);
  }
  static std::string AsText(const char* key, const json& value) {
    if (!value.is_string()) Refuse(key);
    return value.get<std::string>();
  }

  const json& object_;
};

template <typename Enum, std::size_t n>
std::string_view NameOf(Enum value, const std::array<std::string_view, n>& names) {
  return names.at(static_cast<std::size_t>(value));
}

std::string Dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// What `parse` makes of the line's object; its complaints with the beginning of the line.
template <typename Parse>
auto ParseLine(std::string_view line, const char* what, Parse parse) {
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  std::string why = "no JSON";
  try {
    if (!object.is_discarded()) return parse(Reader(object));
  } catch (const std::runtime_error& error) {
    why = error.what();
  }
  constexpr std::size_t kShown = 80;
  const std::string shown = Dump(std::string(line.substr(0, kShown)));
  throw std::runtime_error(std::string("no ") + what + " (" + why + "): " + shown +
                           (line.size() > kShown ? "..." : ""));
}

PortPair ParsePair(const json& object) {
  const Reader pair(object);
  return {.addresses = pair.TwoTexts("addresses"),
          .names = pair.TwoTexts("names"),
          .megabits_per_second = static_cast<std::uint32_t>(
              pair.Number("megabits_per_second", 0, std::numeric_limits<std::uint32_t>::max()))};
}

}  // namespace

std::string ToLine(const Request& request) {
  json pairs = json::array();
  for (const PortPair& pair : request.pairs) {
    pairs.push_back({{"addresses", pair.addresses},
                     {"names", pair.names},
                     {"megabits_per_second", pair.megabits_per_second}});
  }
  return Dump({{"request", NameOf(request.what, kRequests)},
               {"pairs", pairs},
               {"bus", NameOf(request.bus, kBuses)},
               {"claim",
                {{"owner", request.claim.owner},
                 {"purpose", request.claim.purpose},
                 {"seconds", request.claim.duration.count()}}},
               {"deadline", request.deadline.count()},
               {"arguments", request.arguments},
               {"program", request.program},
               {"register_trace", request.register_trace}});
}

std::string ToLine(const Event& event) {
  return Dump({{"event", NameOf(event.what, kEvents)},
               {"name", event.name},
               {"text", event.text},
               {"end", NameOf(event.end, kEnds)},
               {"code", event.code}});
}

Request ParseRequest(std::string_view line) {
  return ParseLine(line, "request", [](const Reader& reader) {
    Request request;
    request.what = reader.OneOf<Request::What>("request", kRequests);
    for (const json& pair : reader.List("pairs")) request.pairs.push_back(ParsePair(pair));
    request.bus = reader.OneOf<PciBus>("bus", kBuses);
    const Reader claim(reader.At("claim"));
    request.claim = {.owner = claim.Text("owner"),
                     .purpose = claim.Text("purpose"),
                     .duration = claim.Seconds("seconds")};
    request.deadline = reader.Seconds("deadline");
    request.arguments = reader.Texts("arguments");
    request.program = reader.Text("program");
    request.register_trace = reader.Flag("register_trace");
    return request;
  });
}

Event ParseEvent(std::string_view line) {
  return ParseLine(line, "event", [](const Reader& reader) {
    Event event;
    event.what = reader.OneOf<Event::What>("event", kEvents);
    event.name = reader.Text("name");
    event.text = reader.Text("text");
    event.end = reader.OneOf<Event::End>("end", kEnds);
    event.code = static_cast<int>(
        reader.Number("code", std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
    return event;
  });
}

}  // namespace ixylab::hil
