#include <cstdint>

#include "arguments.h"
#include "subjects.h"

namespace countermark::python {
namespace {

using Words = py::array_t<uint32_t, py::array::c_style>;

size_t Count(const Words& words) { return static_cast<size_t>(words.size()); }

// A row of seeds for each row of contexts, and the variant of each.
Words TextSeeds(const Words& contexts, const Words& variants, uint16_t payload,
                const py::bytes& key) {
  const size_t rows = Count(variants);
  if (Count(contexts) != rows * CMK_TEXT_CONTEXT) {
    throw std::invalid_argument("a variant for each context");
  }
  Words seeds({static_cast<py::ssize_t>(rows), py::ssize_t{CMK_TEXT_SEED_WORDS}});
  for (size_t row = 0; row < rows; ++row) {
    Check(cmk_text_seed(Key(key), contexts.data() + row * CMK_TEXT_CONTEXT, payload,
                        static_cast<uint8_t>(variants.data()[row]),
                        seeds.mutable_data() + row * CMK_TEXT_SEED_WORDS));
  }
  return seeds;
}

// A row of draws for each row of seeds.
Words TextDraws(const Words& seeds, size_t count) {
  const size_t rows = Count(seeds) / CMK_TEXT_SEED_WORDS;
  Words draws({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(count)});
  const uint32_t* from = seeds.data();
  uint32_t* to = draws.mutable_data();
  const py::gil_scoped_release release;
  for (size_t row = 0; row < rows; ++row) {
    Check(cmk_text_draws(from + row * CMK_TEXT_SEED_WORDS, count, to + row * count));
  }
  return draws;
}

py::tuple TextDetect(const Words& tokens, const py::bytes& key) {
  const size_t count = Count(tokens);
  const uint32_t* from = tokens.data();
  const uint8_t* key_bytes = Key(key);
  size_t size = 0;
  Check(cmk_text_detect_scratch_size(count, &size));
  const Scratch scratch(size);
  cmk_text_detection found = {};
  found.struct_size = sizeof(found);
  {
    const py::gil_scoped_release release;
    Check(cmk_text_detect(from, count, key_bytes, scratch.data(), scratch.size(), &found));
  }
  return py::make_tuple(found.payload, found.variant, found.tokens_used, found.false_positive_rate);
}

}  // namespace

void DefineTexts(py::module_& module) {
  using namespace py::literals;
  module.def("text_seeds", &TextSeeds, "contexts"_a, "variants"_a, "payload"_a, "key"_a);
  module.def("text_draws", &TextDraws, "seeds"_a, "count"_a);
  module.def("text_detect", &TextDetect, "tokens"_a, "key"_a);
  module.attr("TEXT_CONTEXT") = cmk_text_context();
  module.attr("TEXT_TOKENS_MAX") = cmk_text_tokens_max();
}

}  // namespace countermark::python
