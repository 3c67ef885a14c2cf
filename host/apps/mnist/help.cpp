// The recipe table is made from the recipes themselves, so that the help cannot drift from them.
#include "host/apps/mnist/help.hpp"

#include <algorithm>
#include <vector>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/recipe_options.hpp"

namespace xent::mnist {
namespace {

std::string recipe_table() {
  std::vector<std::vector<RecipeRow>> recipes;
  std::string table = "  " + apps::left("", 18);
  for (std::size_t i = 0; i < kRecipeNames.size(); ++i) {
    const char* name = kRecipeNames.words.at(i);
    recipes.push_back(rows(mlp::named_recipe(name)));
    table += apps::left(name, 14);
  }
  table.erase(table.find_last_not_of(' ') + 1);
  for (std::size_t row = 0; row < recipes.front().size(); ++row) {
    std::string line = "\n  " + apps::left(recipes.front()[row].name, 18);
    for (const auto& recipe : recipes) line += apps::left(recipe[row].value, 14);
    table += line.substr(0, line.find_last_not_of(' ') + 1);
  }
  return table;
}

}  // namespace

std::string train_description() {
  return "Trains a multilayer perceptron on the MNIST digits with xent's fused softmax cross-entropy.\n"
         "Without any option it finds (or downloads) the digits and runs the default recipe.\n";
}

std::string train_usage() {
  return "Usage: xent-mnist [OPTIONS]                      train\n"
         "       xent-mnist --validate N [OPTIONS]         judge a device's arithmetic\n"
         "       xent-mnist predict CHECKPOINT IMAGE...    read digits with a trained network\n";
}

std::string train_footer() {
  return "Recipes, and what each sets; --layers and the options after it override that.\n" + recipe_table() +
         "\n\n"
         "  article   " +
         article_note() +
         "\n"
         "  default   a lower learning rate that decays, and label smoothing\n"
         "  best      adds dropout and shifted images, and lets the rate fall along a cosine\n"
         "\n"
         "Data: --data, else $XENT_MNIST_DIR, else the cache, else a download checked by SHA-256; with none "
         "of\n"
         "these, synthetic digits, and a line that says so.\n"
         "\n"
         "The train loss is the one that is trained on, with label smoothing, dropout and shifts; the test "
         "loss\n"
         "has none of these, so it can be the smaller one.\n"
         "\n"
         "Ctrl-C (or SIGTERM, or SIGHUP) finishes the step, saves, and prints the command that resumes; a "
         "second\n"
         "one stops at once. A loss that is no longer a finite number ends the run, and what was saved "
         "stays.\n"
         "A resumed run gives the same bits as one that was never interrupted, for any number of threads.\n"
         "It keeps its recipe: options that say otherwise are refused (--epochs too, since the learning "
         "rate\n"
         "is spread over all epochs). It goes on saving to the file it came from unless --checkpoint is "
         "given.\n"
         "\n"
         "--validate trains the first N steps of the recipe on the device, with the reference in double "
         "beside it\n"
         "on the same images, and prints the largest deviations of loss, gradients and weights. The "
         "reference "
         "takes\n"
         "0.1 to 0.2 s a step of 64 images for 784-512-10, and takes each step twice: from where the device "
         "is, and\n"
         "on its own. It ends with 0 if rounding explains every deviation, else with 1.\n"
         "\n"
         "Examples:\n"
         "  xent-mnist\n"
         "  xent-mnist --recipe best --seed 7 --report report.html\n"
         "  xent-mnist --layers 784,256,128,10 --epochs 3 --lr 0.003 --schedule cosine\n"
         "  xent-mnist --checkpoint digits.safetensors --json log.jsonl\n"
         "  xent-mnist --resume digits.safetensors\n"
         "  xent-mnist --validate 20 --device cuda\n"
         "  xent-mnist predict digits.safetensors t10k-images-idx3-ubyte.gz --index 100 --count 3\n"
         "  xent-mnist predict digits.safetensors my-seven.png\n"
         "\n"
         "Exit codes: 0 done, 1 failure, 2 wrong usage, 130 interrupted.";
}

std::string predict_description() {
  return "Reads digits with a trained network, and draws each with the probabilities it gives.\n";
}

std::string predict_usage() { return "Usage: xent-mnist predict CHECKPOINT IMAGE... [OPTIONS]\n"; }

std::string predict_footer() {
  return "Images are IDX files of many digits (plain or gzipped), or PNG or PGM pictures of one digit each.\n"
         "\n"
         "Examples:\n"
         "  xent-mnist predict digits.safetensors my-seven.png my-two.pgm\n"
         "  xent-mnist predict digits.safetensors t10k-images-idx3-ubyte.gz --index 100 --count 3\n"
         "  xent-mnist predict digits.safetensors t10k-images-idx3-ubyte.gz --count 5 \\\n"
         "      --labels t10k-labels-idx1-ubyte.gz";
}

std::string article_note() {
  return "the article states 97 % accuracy; its constant learning rate of 0.01 reaches 96.4 to 97.1 %";
}

}  // namespace xent::mnist
