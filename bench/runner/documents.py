"""docs/benchmarks.md and the README's block, written from results files."""

import json
from pathlib import Path

from runner import charts, gpu_tables, grid_charts, grid_tables, growth, machine as machines, readings, tables

PEERS = {"pytorch": "PyTorch", "onednn": "oneDNN"}  # as the results' software and as readers call them
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
METHOD = Path(__file__).with_name("method.md")
GPU_METHOD = Path(__file__).with_name("gpu_method.md")
GRID_METHOD = Path(__file__).with_name("grid_method.md")
GROWTH_METHOD = Path(__file__).with_name("growth_method.md")
OPTION_COSTS = Path(__file__).with_name("option_costs.md")


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def newest_per_processor(documents, kind=None):
    """The latest results of each machine, the latest machine first. Those of the grid are of kind "grid", those of
    growth of kind "growth", those of gpu-check of another one."""
    latest = {}
    for results in sorted((d for d in documents if "runs" in d and d.get("kind") == kind), key=lambda r: r["date"]):
        latest[(results["machine"]["processor"], results["machine"]["threads"])] = results
    return sorted(latest.values(), key=lambda r: r["date"], reverse=True)


def newest_per_gpu(documents):
    """The same of gpu-check's, those that measured anything."""
    latest = {}
    for results in sorted((d for d in documents if d.get("kind") == "gpu-check"), key=lambda r: r["date"]):
        if gpu_tables.measured(results):
            latest[results["machine"]["gpu"]] = results
    return sorted(latest.values(), key=lambda r: r["date"], reverse=True)


def machine_line(results):
    machine, software = results["machine"], results["software"]
    peers = "".join(f", {name} {software[key]}" for key, name in PEERS.items() if key in software)
    return (f"{machine['processor']}, {machine['threads']} threads, {machine['simd']}, "
            f"{machine['memory_gib']:g} GiB; xent {software['xent']} built with {software['compiler']}, "
            f"{software['openblas']}{peers}; {results['date']}")


def system_line(results):
    machine = results["machine"]
    return (f"{machine['system']}; second-level cache {machine['level2_kib']} KiB a core, last-level "
            f"{machine['level3_mib']} MiB; load average before the run {machine['load_average']:.2f}.")


def headline(results):
    """What the README shows: the most threads, the one operation, an epoch."""
    run = results["runs"][0]
    parts = [f"Loss and gradient in one call, f32, {tables.threads(run)}:",
             tables.loss_table(run, tables.pick(run, "cross_entropy"), "cross-entropy")]
    if "training" in run:
        parts += [f"Training on {run['training']['digits']}, {tables.threads(run)}:",
                  tables.training_table(run)]
    return "\n\n".join(parts)


def readme_block(results):
    return (f"{headline(results)}\n\nMedians; in brackets the middle half of the rounds. "
            f"Measured on {machine_line(results)}. More, and how: [docs/benchmarks.md](docs/benchmarks.md).")


def section(results, charts_there=()):
    """All of one machine, with those of its charts that there are."""
    machine = results["machine"]
    parts = [f"## {machine['processor']}, {machine['threads']} threads", machine_line(results) + ".",
             system_line(results), tables.limits_table(results["runs"])]
    for run in results["runs"]:
        parts.append(f"### {tables.threads(run)}")
        if headline_cases := tables.pick(run, "cross_entropy"):
            parts += ["Cross-entropy, loss and gradient in one call, f32:",
                      tables.loss_table(run, headline_cases)]
        others = tables.other_cases(run)
        # Apart, for not every peer does both.
        for heading, is_loss in (("The rest of cross-entropy:", True), ("Softmax:", False)):
            if chosen := [c for c in others if c["operation"].startswith("cross_entropy") == is_loss]:
                parts += [heading, tables.loss_table(run, chosen, "what", tables.case_name)]
        if "training" in run:
            parts += [f"Training on {run['training']['digits']}:", tables.training_table(run)]
        parts += charts.links(readings.machine_name(results), tables.threads(run), charts_there)
    return "\n\n".join(parts)


def grid_section(results, charts_there=()):
    """The grid of one machine, as the page shows it."""
    label = readings.machine_name(results)
    pictures = [link for run in results["runs"]
                for link in charts.links(label, tables.threads(run), charts_there, grid_charts.CAPTIONS)]
    name = machines.results_name(results["machine"], results["date"], "grid")
    return "\n\n".join([f"### {label}: the grid", machine_line(results) + ".",
                        system_line(results), f"All rounds: [`{name}`](../bench/results/{name}); "
                        f"`bench/run --tables` prints them.", tables.limits_table(results["runs"]),
                        *tables.arithmetic(results["runs"]),
                        *(grid_tables.compact(run) for run in results["runs"]), *pictures])


def growth_section(results):
    return "\n\n".join([machine_line(results) + ".", system_line(results), tables.limits_table(results["runs"]),
                        *map(growth.section, results["runs"])])


def in_full(results):
    """Everything, for the terminal."""
    if results.get("kind") == "growth":
        return growth_section(results)
    if results.get("kind") != "grid":
        return section(results)
    return "\n\n".join([machine_line(results), system_line(results), tables.limits_table(results["runs"]),
                        *tables.arithmetic(results["runs"]), *(grid_tables.full(run) for run in results["runs"])])


def gpu_section(results, charts_there=()):
    """All of one GPU."""
    machine, software = results["machine"], results["software"]
    parts = [f"### {machine['gpu']}", f"Compute capability {machine['compute_capability'] / 10}, "
             f"{machine['multiprocessors']} multiprocessors, {machine['memory_gib']:g} GiB; second-level cache "
             f"{machine['level2_mib']:g} MiB; xent {software['xent']} built with nvcc {software['nvcc']}; "
             f"{results['date']}."]
    for heading, figures in gpu_tables.measured(results):
        parts += [f"{heading}:", gpu_tables.section(figures),
                  *charts.links(readings.machine_name(results), heading.lower(), charts_there)]
    return "\n\n".join(parts)


def benchmarks_page(all_results, gpu_results, charts_there=(), grids=(), growths=()):
    head = ("# Benchmarks\n\nGenerated by `./dev bench --publish` from [`bench/results`](../bench/results); "
            "do not edit.\n")
    gpu_head = "## On a GPU\n\n" + GPU_METHOD.read_text(encoding="utf-8")
    gpu = [gpu_section(r, charts_there) + "\n" for r in gpu_results] or ["Not yet measured on hardware.\n"]
    growth_head = [GROWTH_METHOD.read_text(encoding="utf-8")] if growths else []
    grid_head = [GRID_METHOD.read_text(encoding="utf-8")] if grids else []
    return "\n".join([head, METHOD.read_text(encoding="utf-8"),
                      *(section(r, charts_there) + "\n" for r in all_results),
                      *grid_head, *(grid_section(r, charts_there) + "\n" for r in grids),
                      *growth_head, *(growth_section(r) + "\n" for r in growths),
                      OPTION_COSTS.read_text(encoding="utf-8"), gpu_head, *gpu])


def replace_block(text, block):
    """text with what lies between the markers replaced; None if it has no such markers."""
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        return None
    return f"{text[:begin]}{BEGIN}\n{block}\n{text[end:]}"


def draw(results, folder):
    """The charts of one document; their paths."""
    checked = readings.read(results)
    return grid_charts.draw(results, folder) if results.get("kind") == "grid" else charts.draw(checked, folder)


def draw_charts(all_results, folder, notice):
    """The names of the charts in the folder, made anew where that can be done."""
    try:
        for results in all_results:
            draw(results, folder)
    except charts.NoMatplotlib as why:
        notice(f"{why}. The charts were left as they are")
    return {path.name for path in folder.glob("*.svg")}


def publish(root, notice):
    """Writes both documents of the project at `root`, and their charts, from its results."""
    everything = [load(path) for path in sorted((root / "bench/results").glob("*.json"))]
    all_results = newest_per_processor(everything)
    if not all_results:
        return notice("bench/results has no results yet: nothing to publish")
    gpu_results = newest_per_gpu(everything)
    grids = newest_per_processor(everything, "grid")
    there = draw_charts([*all_results, *gpu_results, *grids], root / "docs/charts", notice)
    page = benchmarks_page(all_results, gpu_results, there, grids, newest_per_processor(everything, "growth"))
    (root / "docs/benchmarks.md").write_text(page, encoding="utf-8")
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    replaced = replace_block(text, readme_block(all_results[0]))
    if replaced is None:
        notice(f"README.md has no {BEGIN} … {END}: left as it is")
    else:
        readme.write_text(replaced, encoding="utf-8")
