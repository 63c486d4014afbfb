"""Turns a folder of photos into an image classifier that its owner can trust."""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kclass.audit.checking import check as check
    from kclass.audit.findings import Audit as Audit
    from kclass.audit.findings import Finding as Finding
    from kclass.audit.fixing import Moved as Moved
    from kclass.audit.fixing import list_fixed as list_fixed
    from kclass.audit.fixing import move_bad as move_bad
    from kclass.audit.moving import undo_moves as undo_moves
    from kclass.audit.page import write_page as write_page
    from kclass.backbones.listing import ListedBackbone as ListedBackbone
    from kclass.backbones.listing import list_backbones as list_backbones
    from kclass.cache.contents import CacheContents as CacheContents
    from kclass.cache.contents import CacheKind as CacheKind
    from kclass.cache.contents import cache_contents as cache_contents
    from kclass.cache.contents import clear_cache as clear_cache
    from kclass.classifier.classifier import Classifier as Classifier
    from kclass.classifier.classifier import load as load
    from kclass.classifier.copying import Copied as Copied
    from kclass.classifier.evaluation import Evaluation as Evaluation
    from kclass.classifier.explained import Explained as Explained
    from kclass.classifier.explained_sheet import contact_sheet as contact_sheet
    from kclass.classifier.explained_top import ExplainedTop as ExplainedTop
    from kclass.classifier.faithful import Faithfulness as Faithfulness
    from kclass.classifier.faithfulness import faithfulness as faithfulness
    from kclass.classifier.prediction import Prediction as Prediction
    from kclass.classifier.prediction_writer import PredictionWriter as PredictionWriter
    from kclass.classifier.predictions import Predictions as Predictions
    from kclass.classifier.training_photos import Neighbour as Neighbour
    from kclass.collecting.collecting import collect as collect
    from kclass.collecting.collection import Collection as Collection
    from kclass.collecting.options import CollectOptions as CollectOptions
    from kclass.dataset.csv_source import from_csv as from_csv
    from kclass.dataset.dataset import Dataset as Dataset
    from kclass.dataset.finding import find_photos as find_photos
    from kclass.dataset.folder import ImageFolder as ImageFolder
    from kclass.dataset.frame import from_frame as from_frame
    from kclass.dataset.lists import from_lists as from_lists
    from kclass.dataset.named_photos import from_name_func as from_name_func
    from kclass.dataset.named_photos import from_name_regex as from_name_regex
    from kclass.dataset.opening import open_data as open_data
    from kclass.drawing.sample import draw_sample as draw_sample
    from kclass.errors import DataError as DataError
    from kclass.errors import KClassError as KClassError
    from kclass.errors import ModelError as ModelError
    from kclass.errors import OptionError as OptionError
    from kclass.errors import OutputError as OutputError
    from kclass.errors import PhotoError as PhotoError
    from kclass.explanation.any_model import explain as explain
    from kclass.explanation.maps import Explanation as Explanation
    from kclass.model_audit.audited import ModelAudit as ModelAudit
    from kclass.model_audit.auditing import audit_model as audit_model
    from kclass.plots.saving import save_png as save_png
    from kclass.progress import Progress as Progress
    from kclass.reporting.compared import Comparison as Comparison
    from kclass.reporting.comparison import compare as compare
    from kclass.reporting.page import write_report as write_report
    from kclass.runs.cross_validation import CrossValidation as CrossValidation
    from kclass.runs.cross_validation import cross_validate as cross_validate
    from kclass.runs.finished import Fit as Fit
    from kclass.runs.fitting import fit as fit
    from kclass.runs.fitting import resume_fit as resume_fit
    from kclass.runs.fitting import run_fit as run_fit
    from kclass.runs.following import follow_recipe as follow_recipe
    from kclass.runs.following import with_weights_at_hand as with_weights_at_hand
    from kclass.runs.learning_curve import LearningCurve as LearningCurve
    from kclass.runs.learning_curve import learning_curve as learning_curve
    from kclass.runs.lr_finding import lr_find as lr_find
    from kclass.runs.lr_finding import run_lr_find as run_lr_find
    from kclass.runs.model_evaluation import ModelEvaluation as ModelEvaluation
    from kclass.runs.model_evaluation import evaluate as evaluate
    from kclass.runs.options import FitOptions as FitOptions
    from kclass.runs.recipe_record import Followed as Followed
    from kclass.runs.run_folder import latest_model as latest_model
    from kclass.showing import Shown as Shown
    from kclass.showing import show as show
    from kclass.training.lr_suggestion import LrCurve as LrCurve

# A name is imported when it is first used, so that `import kclass` and the command line start at once.
_HOMES = {
    "Audit": "kclass.audit.findings",
    "CacheContents": "kclass.cache.contents",
    "CacheKind": "kclass.cache.contents",
    "Classifier": "kclass.classifier.classifier",
    "CollectOptions": "kclass.collecting.options",
    "Collection": "kclass.collecting.collection",
    "Comparison": "kclass.reporting.compared",
    "Copied": "kclass.classifier.copying",
    "CrossValidation": "kclass.runs.cross_validation",
    "DataError": "kclass.errors",
    "Dataset": "kclass.dataset.dataset",
    "Evaluation": "kclass.classifier.evaluation",
    "Explained": "kclass.classifier.explained",
    "ExplainedTop": "kclass.classifier.explained_top",
    "Explanation": "kclass.explanation.maps",
    "Faithfulness": "kclass.classifier.faithful",
    "Finding": "kclass.audit.findings",
    "Fit": "kclass.runs.finished",
    "FitOptions": "kclass.runs.options",
    "Followed": "kclass.runs.recipe_record",
    "ImageFolder": "kclass.dataset.folder",
    "KClassError": "kclass.errors",
    "LearningCurve": "kclass.runs.learning_curve",
    "ListedBackbone": "kclass.backbones.listing",
    "LrCurve": "kclass.training.lr_suggestion",
    "ModelAudit": "kclass.model_audit.audited",
    "ModelError": "kclass.errors",
    "ModelEvaluation": "kclass.runs.model_evaluation",
    "Moved": "kclass.audit.fixing",
    "Neighbour": "kclass.classifier.training_photos",
    "OptionError": "kclass.errors",
    "OutputError": "kclass.errors",
    "PhotoError": "kclass.errors",
    "Prediction": "kclass.classifier.prediction",
    "PredictionWriter": "kclass.classifier.prediction_writer",
    "Predictions": "kclass.classifier.predictions",
    "Progress": "kclass.progress",
    "Shown": "kclass.showing",
    "audit_model": "kclass.model_audit.auditing",
    "cache_contents": "kclass.cache.contents",
    "check": "kclass.audit.checking",
    "clear_cache": "kclass.cache.contents",
    "collect": "kclass.collecting.collecting",
    "compare": "kclass.reporting.comparison",
    "contact_sheet": "kclass.classifier.explained_sheet",
    "cross_validate": "kclass.runs.cross_validation",
    "draw_sample": "kclass.drawing.sample",
    "evaluate": "kclass.runs.model_evaluation",
    "explain": "kclass.explanation.any_model",
    "faithfulness": "kclass.classifier.faithfulness",
    "find_photos": "kclass.dataset.finding",
    "fit": "kclass.runs.fitting",
    "follow_recipe": "kclass.runs.following",
    "from_csv": "kclass.dataset.csv_source",
    "from_frame": "kclass.dataset.frame",
    "from_lists": "kclass.dataset.lists",
    "from_name_func": "kclass.dataset.named_photos",
    "from_name_regex": "kclass.dataset.named_photos",
    "latest_model": "kclass.runs.run_folder",
    "learning_curve": "kclass.runs.learning_curve",
    "list_backbones": "kclass.backbones.listing",
    "list_fixed": "kclass.audit.fixing",
    "load": "kclass.classifier.classifier",
    "lr_find": "kclass.runs.lr_finding",
    "move_bad": "kclass.audit.fixing",
    "open_data": "kclass.dataset.opening",
    "resume_fit": "kclass.runs.fitting",
    "run_fit": "kclass.runs.fitting",
    "run_lr_find": "kclass.runs.lr_finding",
    "save_png": "kclass.plots.saving",
    "show": "kclass.showing",
    "undo_moves": "kclass.audit.moving",
    "with_weights_at_hand": "kclass.runs.following",
    "write_page": "kclass.audit.page",
    "write_report": "kclass.reporting.page",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kclass' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
