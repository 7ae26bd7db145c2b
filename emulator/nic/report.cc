#include "emulator/nic/report.h"

#include <fcntl.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "emulator/sockets/address.h"

namespace ixylab::emulator::nic {
namespace {

std::string Line(std::string_view what, std::uint64_t count) {
  return std::string(what) + " " + std::to_string(count) + "\n";
}

nlohmann::json CountersJson(const std::vector<NamedCounter>& counters) {
  nlohmann::json all = nlohmann::json::object();
  for (const NamedCounter& counter : counters) all[std::string(counter.name)] = counter.value;
  return all;
}

}  // namespace

std::string CountersText(const Seen& seen) {
  std::string text;
  for (unsigned port = 0; port < seen.ports; ++port) {
    const std::string number = " " + std::to_string(port) + " ";
    for (const NamedCounter& counter : seen.card.counters(port)) {
      text += Line("port" + number + std::string(counter.name), counter.value);
    }
    for (const NamedCounter& counter : seen.cables.counters(port)) {
      text += Line("wire" + number + std::string(counter.name), counter.value);
    }
  }
  return text;
}

std::string FaultsText(const Seen& seen) {
  std::string text = Line("faults", seen.record.fault_count());
  for (const std::string& fault : seen.record.faults()) text += fault + "\n";
  return text;
}

std::string UnknownText(const Seen& seen) {
  std::string text = Line("unknown", seen.record.unknown_accesses());
  for (const auto& [place, count] : seen.record.unknown()) {
    text += Line(Describe(place) + " count", count);
  }
  return text;
}

std::string RegistersText(const Seen& seen) {
  const auto line = [](const Record::Touched& row, std::string_view what) {
    return std::to_string(row.touched) + " of " + std::to_string(row.in_table) + " " +
           std::string(what) + "\n";
  };
  const auto by_provenance = seen.record.TouchedByProvenance();
  std::string text = "registers " + line(Sum(by_provenance), "touched");
  for (const auto& [provenance, row] : by_provenance) text += line(row, provenance);
  return text;
}

std::string ClientsText(const Seen& seen) {
  std::string text = Line("clients", seen.record.clients_now());
  for (unsigned port = 0; port < seen.ports; ++port) {
    const Record::Client& client = seen.record.clients()[port];
    text += Line("port " + std::to_string(port) + (client.there ? " connected" : " free") +
                     ", clients so far",
                 client.came);
  }
  return text;
}

std::string ReportJson(const Seen& seen, std::string_view card, std::string_view end) {
  using nlohmann::json;
  json report;
  report["nic"] = std::string(card);
  report["end"] = std::string(end);
  report["ports"] = json::array();
  for (unsigned port = 0; port < seen.ports; ++port) {
    report["ports"].push_back({{"clients", seen.record.clients()[port].came},
                               {"counters", CountersJson(seen.card.counters(port))},
                               {"wire", CountersJson(seen.cables.counters(port))}});
  }
  report["faults"] = {{"count", seen.record.fault_count()}, {"first", seen.record.faults()}};
  json unknown = json::array();
  for (const auto& [place, count] : seen.record.unknown()) {
    unknown.push_back({{"port", place.port},
                       {"region", place.region},
                       {"offset", place.offset},
                       {"count", count}});
  }
  report["unknown"] = {{"count", seen.record.unknown_accesses()}, {"places", unknown}};
  const auto by_provenance = seen.record.TouchedByProvenance();
  const auto registers = [](const Record::Touched& row) {
    return json{{"touched", row.touched}, {"in_table", row.in_table}};
  };
  report["registers"] = registers(Sum(by_provenance));
  report["registers"]["by_provenance"] = json::object();
  for (const auto& [provenance, row] : by_provenance) {
    report["registers"]["by_provenance"][provenance] = registers(row);
  }
  // Names come from the models, but faults are what a guest may have had a say in.
  return report.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

ReportFile::ReportFile(std::string path)
    : path_(std::move(path)),
      file_(open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666)) {
  if (!file_) FailWithErrno("write the report to " + path_);
}

void ReportFile::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(file_.get(), text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      FailWithErrno("write the report to " + path_);
    }
  }
}

}  // namespace ixylab::emulator::nic
