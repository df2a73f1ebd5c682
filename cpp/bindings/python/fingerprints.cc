#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "subjects.h"

namespace countermark::python {
namespace {

template <size_t kCount, auto kFunction>
py::tuple Pdq(const py::array& array) {
  const cmk_image image = Image(array);
  size_t size = 0;
  Check(cmk_fingerprint_pdq_scratch_size(&image, &size));
  const Scratch scratch(size);
  std::array<uint8_t, kCount * CMK_PDQ_BYTES> hashes;
  int32_t quality = 0;
  {
    const py::gil_scoped_release release;
    Check(kFunction(&image, scratch.data(), scratch.size(), hashes.data(), &quality));
  }
  return py::make_tuple(py::bytes(reinterpret_cast<const char*>(hashes.data()), hashes.size()),
                        quality);
}

size_t HammingIndexSize(size_t count) {
  size_t size = 0;
  Check(cmk_hamming_index_size(count, &size));
  return size;
}

void HammingBuild(const py::buffer& hashes, const py::buffer& labels, const py::bytes& stamp,
                  const py::buffer& index) {
  const Bytes from(hashes), names(labels), to(index, true);
  const std::string_view stamp_bytes = stamp;
  const size_t count = from.Count(CMK_PDQ_BYTES);
  if (names.Count(sizeof(uint64_t)) != count || stamp_bytes.size() != CMK_HAMMING_STAMP_BYTES) {
    throw std::invalid_argument("a label for each hash, and a stamp of 32 bytes");
  }
  const py::gil_scoped_release release;
  Check(cmk_hamming_index_build(from.data(), reinterpret_cast<const uint64_t*>(names.data()), count,
                                reinterpret_cast<const uint8_t*>(stamp_bytes.data()), to.data(),
                                to.size()));
}

py::tuple HammingCheck(const py::buffer& index) {
  const Bytes block(index);
  size_t count = 0;
  std::array<uint8_t, CMK_HAMMING_STAMP_BYTES> stamp;
  {
    const py::gil_scoped_release release;
    Check(cmk_hamming_index_check(block.data(), block.size(), &count, stamp.data()));
  }
  return py::make_tuple(count,
                        py::bytes(reinterpret_cast<const char*>(stamp.data()), stamp.size()));
}

// Labels, distances and the queries that are nearest. `search` fills room for matches; where there
// was too little, it is done again with enough.
template <typename Search>
py::tuple HammingMatches(const Search& search) {
  std::vector<cmk_hamming_match> matches(64);
  size_t count = 0;
  {
    const py::gil_scoped_release release;
    Check(search(matches.data(), matches.size(), &count));
    if (count > matches.size()) {
      matches.resize(count);
      Check(search(matches.data(), matches.size(), &count));
    }
  }
  count = std::min(count, matches.size());
  py::array_t<uint64_t> labels(static_cast<py::ssize_t>(count));
  py::array_t<uint32_t> distances(static_cast<py::ssize_t>(count));
  py::array_t<uint32_t> queries(static_cast<py::ssize_t>(count));
  for (size_t i = 0; i < count; ++i) {
    labels.mutable_data()[i] = matches[i].label;
    distances.mutable_data()[i] = matches[i].distance;
    queries.mutable_data()[i] = matches[i].query;
  }
  return py::make_tuple(labels, distances, queries);
}

py::tuple HammingSearch(const py::buffer& index, const py::buffer& queries, uint32_t radius) {
  const Bytes block(index), asked(queries);
  const size_t asked_count = asked.Count(CMK_PDQ_BYTES);
  return HammingMatches([&](cmk_hamming_match* matches, size_t capacity, size_t* count) {
    return cmk_hamming_index_search(block.data(), block.size(), asked.data(), asked_count, radius,
                                    matches, capacity, count);
  });
}

py::tuple HammingScan(const py::buffer& hashes, const py::buffer& labels, const py::buffer& queries,
                      uint32_t radius) {
  const Bytes from(hashes), names(labels), asked(queries);
  const size_t from_count = from.Count(CMK_PDQ_BYTES), asked_count = asked.Count(CMK_PDQ_BYTES);
  if (names.Count(sizeof(uint64_t)) != from_count) {
    throw std::invalid_argument("a label for each hash");
  }
  return HammingMatches([&](cmk_hamming_match* matches, size_t capacity, size_t* count) {
    return cmk_hamming_scan(from.data(), reinterpret_cast<const uint64_t*>(names.data()),
                            from_count, asked.data(), asked_count, radius, matches, capacity,
                            count);
  });
}

}  // namespace

void DefineFingerprints(py::module_& module) {
  using namespace py::literals;
  module.def("pdq", &Pdq<1, cmk_fingerprint_pdq>, "image"_a);
  module.def("pdq_dihedral", &Pdq<CMK_PDQ_DIHEDRAL_COUNT, cmk_fingerprint_pdq_dihedral>, "image"_a);
  module.def("hamming_index_size", &HammingIndexSize, "count"_a);
  module.def("hamming_build", &HammingBuild, "hashes"_a, "labels"_a, "stamp"_a, "index"_a);
  module.def("hamming_check", &HammingCheck, "index"_a);
  module.def("hamming_search", &HammingSearch, "index"_a, "queries"_a, "radius"_a);
  module.def("hamming_scan", &HammingScan, "hashes"_a, "labels"_a, "queries"_a, "radius"_a);
  module.attr("PDQ_SIDE_MIN") = cmk_pdq_side_min();
  module.attr("HAMMING_COUNT_MAX") = cmk_hamming_count_max();
}

}  // namespace countermark::python
