/** The part of butterchurn 3.0.0-beta.5 that the stage uses; the package has no types of its own. */
declare module "butterchurn" {
  export interface RenderOptions {
    audioLevels: {
      timeByteArray: Uint8Array;
      timeByteArrayL: Uint8Array;
      timeByteArrayR: Uint8Array;
    };
    elapsedTime: number;
  }

  export interface VisualizerOptions {
    width: number;
    height: number;
    meshWidth?: number;
    meshHeight?: number;
    pixelRatio?: number;
    textureRatio?: number;
    onlyUseWASM: boolean;
  }

  export interface Visualizer {
    readonly gl: WebGL2RenderingContext;
    readonly internalCanvas: OffscreenCanvas | HTMLCanvasElement;
    outputGl: CanvasRenderingContext2D | null;
    loadPreset(preset: object, blendTime?: number): Promise<void>;
    setRendererSize(width: number, height: number, options?: object): void;
    render(options: RenderOptions): void;
  }

  const butterchurn: {
    createVisualizer(
      context: AudioContext | null,
      canvas: HTMLCanvasElement,
      options: VisualizerOptions,
    ): Visualizer;
  };
  export default butterchurn;
}
