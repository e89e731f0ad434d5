"""SVG without a library: elements, scales, shapes, axes, words. It knows no data of ours."""
