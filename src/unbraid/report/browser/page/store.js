// The data: an index that is there from the start, and parts that are loaded when looked at.
const KEPT = 96; // parts in memory

class Store {
  constructor(index) {
    this.index = index;
    this.sides = index.sides;
    this.pictures = index.pictures;
    this.texts = index.texts;
    this.parts = new Map();
    this.loading = new Map();
  }

  async detail(side, latent) {
    const size = this.index.latents;
    const part = await this.part(`${"ab"[side]}-${Math.floor(latent / size)}`);
    return part[latent % size];
  }

  async stimulus(number) {
    const size = this.index.stimuli;
    const part = await this.part(`stimuli-${Math.floor(number / size)}`);
    return part[number % size];
  }

  keep(name, data) {
    this.parts.set(name, data);
    if (this.parts.size > KEPT) this.parts.delete(this.parts.keys().next().value);
  }

  part(name) {
    if (this.parts.has(name)) {
      const data = this.parts.get(name);
      this.keep(name, (this.parts.delete(name), data)); // the last used goes last
      return Promise.resolve(data);
    }
    if (!this.loading.has(name)) this.loading.set(name, this.load(name));
    return this.loading.get(name);
  }

  load(name) {
    return new Promise((done, failed) => {
      const script = make("script", { src: `${name}.js` });
      const end = () => (script.remove(), this.loading.delete(name));
      script.onload = () => (end(), done(this.parts.get(name)));
      script.onerror = () => (end(), failed(new Error(`${name}.js is missing in this folder.`)));
      document.head.append(script);
    });
  }
}
