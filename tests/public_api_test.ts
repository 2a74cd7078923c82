/** The names that each entry of the package exports. A change of them must be intended. */

import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { CrosswarpError } from "../host/errors.ts";

/** An entry's names, in the order of their characters. */
interface PublicNames {
  /** Values and types together. */
  readonly count: number;
  /** The values of `import * as entry`. */
  readonly values: string;
  /** Interfaces and type aliases. */
  readonly types: string;
}

const PUBLIC: Readonly<Record<string, PublicNames>> = {
  ".": {
    count: 96,
    values: `
      ConstantImageError CrosswarpError EmptyMaskError FileAccessError Gpu GpuLostError
      GpuMemoryError GpuUnavailableError GpuValidationError Grid ImageFileError NoOverlapError
      PointFileError TransformFileError applyTransform applyTransformToLabels compositeField
      decodePoints decodeTransform encodeTransform mapPoint mapPoints readDisplacementField
      readGrid readLabelVolume readPoints readVolume registerDeformable registerImages
      registerMindGaussNewton registerRigid writeDisplacementField writeLabelVolume writeVolume`,
    types: `
      ApplyTransformOptions Checkpoint ControlGrid ControlGridInterpolation DeformableLevel DeformableMethod
      DeformableOptions DeformableProgress DeformableResult DeformableStart DisplacementField FileInput GpuOptions
      HeaderMatrix InverseConsistency JacobianStatistics LabelOverlap LabelVolume LevelStart LevelState
      LnccMindOptions LocalCorrelationOptions MapPointsOptions MappedPoints Matrix4 MindGaussNewtonLevel
      MindGaussNewtonOptions MindGaussNewtonProgress MindGaussNewtonResult MindOptions MindScaling
      MindSscOptions NmiMindOptions OutsideObjects Padding PointFile PointSpace ReadOptions ReadPointsOptions
      RegisterImagesOptions RegisterImagesResult RegisterProgress RegisteredImages RegistrationQuality Regulariser
      RigidLevelReport RigidOptions RigidPreset RigidProgress RigidResult RigidStart
      SimilarityChoice SimilarityName SimilarityOptions StartPosition StartRecord Transform Triple Verdict Volume
      VoxelType WriteOptions`,
  },
  "./volume": {
    count: 54,
    values: `
      CrosswarpError DicomSeriesError FileAccessError Grid IDENTITY ImageFileError ImageGeometryError ImageShapeError
      MODALITIES NonFiniteVoxelsError NotLabelsError NotNiftiError TruncatedFileError
      UnsupportedVoxelsError determinant3 diceCoefficient diceCounts effectiveSpacing encodeDisplacementField
      encodeNifti encodeNiftiLabels invert multiply nearestAxes orientationOf readDicomFiles
      readDisplacementField readGrid readLabelVolume readNifti readNiftiLabels readVolume reorient transformPoint
      transformVector writeDisplacementField writeLabelVolume writeVolume`,
    types: `
      AxisStep ByModality DiceCount DicomFilesOptions DisplacementField EncodeOptions FileInput HeaderMatrix LabelVolume Matrix4
      Modality ReadOptions Triple Volume VoxelType WriteOptions`,
  },
  "./kernels": {
    count: 70,
    values: `
      Gpu GpuLostError GpuMemoryError GpuUnavailableError GpuValidationError PLANES averagePatches
      composeFields createField createImage downloadImage downloadLabels gaussianSmooth
      invertField jacobianDeterminant jointHistogram localCorrelation mindDescriptor
      mindDissimilarity normalisedMutualInformation patchAverage percentiles planeAxes
      pyramidLevel regularisation resample uploadImage warp warpLabels`,
    types: `
      AveragePatchesOptions ComposeFieldsOptions CrosswarpError DisplacementField DisplacementGrid
      GaussianSmoothOptions GpuBuffer GpuField GpuImage GpuOptions Grid ImagePair IntensityWindow IntensityWindows
      InvertFieldOptions JointHistogram JointHistogramOptions LabelVolume LocalCorrelationOptions
      Matrix4 MindDescriptorOptions MindDescriptorVolume MindDifference MindDissimilarityOptions
      MindNeighbourhood MutualInformation PatchAverageOptions PatchAverageProgress
      PatchAverageRunOptions PatchPosition PatchWeights PercentilesOptions PlaneAxes PlaneName
      RegularisationOptions Regulariser ResampleOptions Triple Volume WalkedAxis WarpOptions`,
  },
  "./registration": {
    count: 89,
    values: `
      CheckpointError ConstantImageError DEFORMABLE_DEFAULTS DEFORMABLE_METHODS DEFORMABLE_STARTS EmptyMaskError
      MIND_GAUSS_NEWTON_DEFAULTS NoOverlapError TransformFileError applyTransform
      applyTransformToLabels compositeField decodeCheckpoint decodeTransform displacementAt effectiveSpacing
      encodeCheckpoint encodeTransform findOutsideObjects findPadding identifyRun inverseField jacobianOf
      jacobianStatistics mapPoint mapPoints registerDeformable registerImages
      registerMindGaussNewton registerRigid`,
    types: `
      ApplyTransformOptions Checkpoint ControlGrid ControlGridInterpolation CrosswarpError DeformableLevel DeformableMethod
      DeformableOptions DeformableProgress DeformableResult DeformableStart DisplacementField Gpu GpuOptions Grid
      InverseConsistency InverseFieldResult JacobianStatistics LabelOverlap LabelVolume LevelStart LevelState
      LnccMindOptions LocalCorrelationOptions MapPointsOptions MappedPoints Matrix4 MindGaussNewtonLevel
      MindGaussNewtonOptions MindGaussNewtonProgress MindGaussNewtonResult MindOptions MindScaling
      MindSscOptions NmiMindOptions OutsideObjects Padding RegisterImagesOptions RegisterImagesResult
      RegisterProgress RegisteredImages RegistrationQuality Regulariser RigidLevelReport RigidOptions RigidPreset
      RigidProgress RigidResult RigidStart RunIdentity SimilarityChoice SimilarityName SimilarityOptions
      StartPosition StartRecord Transform Triple Verdict Volume`,
  },
  "./gan": {
    count: 89,
    values: `
      CT_SCALE CycleGan Discriminator Generator LOSSES ModelFileError Network PAPER_SETTINGS
      PLANE_NAMES PairSampler PatchSampler RandomState STRIDES STRUCTURE_MEASURES Tensorflow
      TrainingDivergedError checkTrainingFits cycleLoss deceptionLoss fromNetwork intensityScaleOf
      judgementLoss learningRate loadGenerator naturalPlane planeAxes populationScale
      readCheckpointHeader receptiveField restoreCheckpoint stridesOf synthesiseVolume toNetwork
      trainCycleGan trainingBytes writeCheckpoint`,
    types: `
      AirRule ByModality CheckpointHeader ConvolutionVariant CrosswarpError CycleGanSettings DarkRange
      DiscriminatorOptions FileInput GeneratorLosses GeneratorOptions Gpu GpuOptions Grid IntensityScale
      Matrix4 Modality ModelFiles ModelInput NamedValues Ops PairPatch PairSamplerOptions PairSource PairTensors PairTerm
      PatchAverageProgress PatchSamplerOptions PatchSource PlaneAxes PlaneName RandomStates
      RandomWords RegisteredPair Scalar StepLosses Stitch Strides StructureMeasure SynthesisOptions
      Tensor Tensor1D Tensor4D TensorflowOptions TrainingData TrainingOptions TrainingProgress
      TrainingState TrainingVolume TransferCurves Triple Variable WalkedAxis`,
  },
  "./bias-field": {
    count: 13,
    values: `
      N4_DEFAULTS correctBias tissueMask`,
    types: `
      BiasProgress CorrectBiasOptions CorrectedImage Gpu GpuOptions Grid LabelVolume Matrix4
      Triple Volume`,
  },
  "./cohort": {
    count: 38,
    values: `
      BREATHING COHORT_PROFILES ManifestError STRUCTURES findCohort inspectSubject labelPaths
      readLabels readManifest withoutBadFiles writeManifest writePhantomCohort`,
    types: `
      Breathing ByModality CohortProfile CrosswarpError FileProblem FoundCohort Grid HeaderMatrix
      InspectOptions LabelFiles LabelVolume Manifest ManifestSubject Matrix4 Modality ModalityLabels
      ModalityPaths PhantomOptions PhantomProgress ReadOptions Region RenumberedLabels
      Structure StructureName Triple Volume`,
  },
  "./study": {
    count: 190,
    values: `
      ABLATIONS COLUMNS CORRESPONDENCE_PARTS LOSSES PAPER_CHANNELS PAPER_FIELDS PAPER_GRID
      PAPER_TABLE_1 PAPER_TABLE_2 PROFILES Picture STAGES STRUCTURES SettingsError ShardSettingsError
      TrainingImagesError alignedTable collectGridSearch correspondenceWithout csvTable ctScaleOf
      ganSettings hausdorff95 markdownTable noCorrespondence overviewPicture pairScores
      pairedSubjects parseShard planGridSearch prepareStudy profileOf readBestSettings
      readRegionPair readTrainingImages registerPairBy registerPairRigidly registerTrainingPairs
      reproduce runShard runStudy runTraining runUnits shareOf signedRankTest structureTable surfaceDistances
      synthesiseImage table1 table2 unfinishedUnits writeBestSettings writeGridSearch`,
    types: `
      Ablation AdapterSpeed BestSetting BestSettings Breathing ByModality Cells CheapError CollectedSearch Colour Column
      ColumnSynthesis ControlGridInterpolation ConvolutionVariant Correspondence CorrespondencePart CrosswarpError
      CycleGanSettings DeformableLevel DeformableMethod DeformableOptions DeformableProgress
      DeformableStart DisplacementField FileInput GanScale GanSettingsOptions GanVariant GivenCohort Gpu GpuOptions Grid
      GridSearchOptions GridSearchPlan GridSynthesisOptions HeaderMatrix ImageRegion IntensityScale
      JacobianStatistics JointSetting LabelFiles LabelVolume LabelledImage LevelStart LevelState LnccMindOptions LocalCorrelationOptions
      Manifest ManifestSubject Matrix4 MindOptions MindScale MindScaling MindSscOptions MissingUnits Modality
      ModalityLabels ModalityPaths ModelFiles ModelInput NmiMindOptions OnProgress OpenJob Ops OverviewOptions PairImages
      PairRegistrationOptions PairRigidOptions PairScores PairScoresOptions PaperVolumes PatchAverageProgress PlaneName PointMap
      PreparedStudy Profile ProfileDeformable ProfileName ReadOptions Region RegionPair
      RegisteredPair RegisteredPairsOptions RegistrationScores Regulariser RenumberedLabels ReportTable
      ReproduceOptions RigidLevelReport RigidPreset RigidResult RunStudyOptions RunUnitsOptions ScoredPair
      SearchPair SearchScale SearchTable SearchUnit SettingRow Shard ShardResult SignedRankResult SimilarityChoice SimilarityName
      SimilarityOptions StageName StagePlan StageWork StartPosition StartRecord StepLosses Stitch
      StructureMeasure StructureName StructureRow StudyOptions StudyProgress StudyReport Substitute
      Substitutes SynthesisCheck SynthesisJobOptions SynthesisResult Table1Row Table2Row TableName
      TrainingCheck TrainingImage TrainingImagesOptions TrainingJobOptions TrainingPair
      TrainingProgress TrainingSource TrainingVolume Triple UnitScore Volume`,
  },
  "./cli": { count: 0, values: "", types: "" },
};

/** The names of a text. */
const listed = (names: string) => names.split(/\s+/).filter((name) => name !== "");

/** The export lists of a module that has nothing else. */
function exported(code: string): { values: string[]; types: string[] } {
  const values: string[] = [];
  const types: string[] = [];
  for (const [, all, list] of code.matchAll(/^export (type )?\{([^}]*)\} from "/gm)) {
    for (const name of list.split(",").map((item) => item.trim())) {
      if (name === "") continue;
      if (all !== undefined || name.startsWith("type ")) types.push(name.replace("type ", ""));
      else values.push(name);
    }
  }
  return { values: values.sort(), types: types.sort() };
}

Deno.test("every entry of the package has pinned names", () => {
  assertEquals(Object.keys(PUBLIC), Object.keys(config.exports));
});

for (const [entry, path] of Object.entries(config.exports)) {
  Deno.test(`entry "${entry}" exports exactly the pinned names`, async () => {
    const url = new URL(`../${path}`, import.meta.url);
    const code = (await Deno.readTextFile(url)).replace(/^\s*\*.*$/gm, "");
    // The command line is a program: its imports run it, and it exports nothing.
    const pattern = entry === "./cli" ? /^export .*/gm : /^(export|import) .*/gm;
    const statements = code.match(pattern) ?? [];
    const others = statements.filter((line) => !/^export (type )?\{/.test(line));
    assertEquals(others, [], "an entry names each of its exports");
    const { values, types } = exported(code);
    const pinned = PUBLIC[entry];
    assertEquals(values, listed(pinned.values));
    assertEquals(types, listed(pinned.types));
    assertEquals(values.length + types.length, pinned.count);

    const found: Record<string, unknown> = await import(url.href);
    assertEquals(Object.keys(found).sort(), values);
    for (const [name, value] of Object.entries(found)) {
      assert(!name.endsWith("Reference"), `${name}: twins are not public`);
      if (!name.endsWith("Error") || name === "CrosswarpError") continue;
      const { prototype } = value as { prototype: unknown };
      assert(prototype instanceof CrosswarpError, `${name} extends CrosswarpError`);
    }
  });
}
