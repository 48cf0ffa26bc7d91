"""The words that requests are made of: no skill may take one of them as its name.

A bank is data that nobody vouches for. An alias such as ``train``, ``no hpo`` or ``on docker`` would turn the
words of every request into its name, so what is made of these words alone names no skill.
"""

from __future__ import annotations

import re

__all__ = ["REQUEST_WORDS", "only_request_words"]

_TEXT = """
a able abort aborted aborting aborts about above above-mentioned accelerate accelerated accelerates
accelerating accelerators accept accepted accepting accepts according account accuracy accurate across
action activado activate activated activates activating active actual actually adam adapt adapted
adapting adapts add added adding additional additionally adds adjust adjusted adjusting adjusts advance
afford aforementioned after afternoon afterwards again against ahead algo algorithm all allow allowed
allowing allows almost alone along already alright also altogether always am among amount amp an and
annotate annotated annotates annotating annotation annotations another any anymore anything anyway ap
apagado apart apiece applied applies apply applying appreciate approval approve approved approx
approximately arch architecture are args arguments arithmetic around artefacts artifacts as asap asha
aside ask assemble assembled assembles assembling assess assessed assesses assessing assessment at
attempt auf augmentation aus auto autoannotate autoannotated autoannotates autoannotating autoed autoes
autoing autolabel autolabeled autolabeling autolabelled autolabelling autolabels automated automatic
automatically automl automl_policy autoresearch autotune autotuning available average avoid avoided
avoiding avoids away awesome az b back backbone bad bare base based baseline bases basing batch batches
batchsize bayes bayesian be because been before began begin begining beginning begins begun being belong
belongs below benchmark benchmarked benchmarking benchmarks beneath best better between bf16 bfbo bfloat
big bigger bit bitte board boards bohb bootstrap bootstraped bootstraping bootstraps boss both bother
bounding box boxed boxes boxing bring bringed bringing brings broken brought bs bucket budget build
building builds built bump bumped bumping bumps busca business but by bye bypass bypassed bypasses
bypassing ca cal calculate calculated calculates calculating calib calibrate calibrated calibrates
calibrating calibration call called camera can cancel canceled cancelled candidates cannot cap caped
caping capped capping caps caption captions card cards care carried carries carry carrying case
categories categorise categorize certainty chance change changed changes changing check checked checking
checkpoint checkpointed checkpointing checkpoints checks cheers choose chooses choosing chose chosen
circa circumstances ckpt class classes classifier classify cluster cma cmaes colleague collect collected
collecting collects comb combed combination combinations combined combing combs come comes coming
command commence commenced commences commencing compare compared compares comparing compilation compile
compiled compiles compiling complete compute computed computers computes computing concerning
concurrency concurrent concurrently conduct conducted conducting conducts conf confidence config configs
configuration configurations configure configured configures configuring confirm consecutive construct
constructed constructing constructs container continue continued continues continuing conventional
conversion convert converted converting converts copies copy corpus corresponding corrupt corrupted cost
could count counted counting counts course cpu cpus crashed create created creates creating creation
crops cuda current currently curve curves customer cut cuts cutting cycle d damaged danke data dataset
datasets datatype day days de deactivate deactivated deactivates deactivating dear decay decline
declined declines declining decrease decreased decreases decreasing default defaults defective
definitely degenerate degli dehb deliver delivered delivering delivers demand demanded demanding demands
denied denies deny denying deploy deployment des desactivado description descriptions desired
destination detect detected detecting detection detections detector detectors detects determine
determined determines determining dev device devices di dict did died different differentiate
differentiated differentiates differentiating dir direct directly directories directory disable disabled
disables disabling disallowed discard discarded discarding discards discriminate discriminated
discriminates discriminating disk display distil distiled distiling distill distillation distilled
distilling distillled distillling distills distils distinguish distinguished distinguishes
distinguishing ditch ditched ditches ditching do docker does doing done dos double doubled down draw
drawing drawn draws drew drive drop dropped dropping drops dtype dump dumped dumping dumpped dumpping
dumps e each early easy ed effective ein einfaches either else email employ employed employing employs
enable enabled enables enabling end ended ending ends engine engines enough enqueue enqueued enqueues
enqueuing entries ep epoch epochs eps equal equals error errors es establish established establishes
establishing eval evaled evaling evalled evalling evals evaluate evaluated evaluates evaluating
evaluation evaluations even evening evenings ever every everyone everything exactly examples exceeding
except exclude excluded excludes excluding execute executed executes executing expected experiment
experiments exploration explore explored explores exploring export exportation exported exporting
exports extra factor fail failed failing fails failures false fancy far faulty feature few fewer fifth figure
figured figures figuring file files filter filtered filtering filters final finally find finding
findings finds fine fined fines finetune finetuned finetunes finetuning fining finish finished finishes
finishing fire fired fires firing first fit fits fitted fitting fix fixed fixes fixing flags flawed
floats folder folders folks followed following follows footage for forbidden force forget forgeting
forgets forgetting forgo forgoes forgoing forgone forgot forgotten format forward forwent found
foundation fourth fp16 fp32 frame frames free frequency fresh from fruitless full fully further gain
gains gave gcs gen gened generate generated generates generating generation generations gening genned
genning gens get gets getting give gived given gives giving global go goes going gone good got gotten
gpu gpus grand graph graphics grateful great greater greetings grew grid ground grow growing grown grows grund
gs guys h had half hallo halved halving happen happy hard hardly has have haves having held heldout
hello help her here hereby hey hf hi higher highlight highlighted highlighting highlights him
hiperparametre his history hit hits hold holdout holds hope host hosts hour hours how however hp hparam
hparams hpo hpt hr hrs http https hunt hunted hunting hunts hybrid hyper hyperband hyperopt hyperparam
hyperparameter hyperparameteroptimierung hyperparameters hyperparametersuche hyperparams i i'd i'll i'm
i've id ideal ideally identified identifies identify identifying ids if ignore ignored ignores ignoring
image imagenet images img imgs immediately improve improved improvement improvements improves improving
in inactive include included includes including increase increased increases increasing index indices
infer infered inference inferencing infering inferring infers ing ingen init inited initial
initialisation initialise initialised initialiseded initialiseding initialiseds initialises initialising
initialization initialize initialized initializes initializing initiate initiated initiates initiating
initing inits input inside insist instead int8 interest interested interrupted interval into invalid
invoke involving iou iperparametri is it it'd it's iteration iterations iters its itself jangan job jobs
jpegs jpgs json just k8s katib keep keeping keeps kept key keys kick kicked kicking kicks kill killed
killing kills kind kindly knew know knowing knowledge known knows kubernetes kudos label labeled
labeling labelled labelling labels land large larger last lastly later latest launch launched launches
launching lay layers learn learned learning learningrate learns learnt least leave leaves leaving left
less let lets letting level levels leverage leveraged leverages leveraging lie lies light lights like
liked likes liking limit limited limiting limits little live lives llm load loaded loading loads local
locally locate located locates locating location locations log logged logging logs long longer longest
look looked looking looks loop lose loses losing loss lost lot lots love lower lowered lowering lowers
lr m machine machines made magic main make makes making malformed mandatory many map mark marked marking
marks mask masked masking masks matches mate material matter max maximum may maybe mb me mean means
measure measured measures measuring members mentioned method metric metrics might min mind mine mini
minibatch minimum minio mins minus minute minutes miou miss missed misses missing mixed ml mode model
models moment momentum money monitor monitored monitoring monitors month months more morning most much
must my myself n nada name named namely names nearly necessary need needed needing needless needs
neglect neglected neglecting neglects neither net network networks never new newest next ngpu ngpus nice
nicely niente nni nnodes no nobody node nodes non none nonsense nor normal not nothing now nowadays nr
null num number numbers nvidia o object objects obliged obtain obtained obtaining obtains of off often
ok okay old olmadan omit omits omitted omitting on once one ones only onnx onto onward open opset opt
opted optimal optimisation optimise optimised optimiser optimises optimising optimization optimize
optimized optimizer optimizes optimizing optimum opting option options opts optuna or order ordinary
other otherwise ottimizzazione ought our ours out outdir outline outlined outlines outlining output outputed
outputing outputs over overall overkill override overrides own pack packed packing packs parallel
parallelism param parameter parameters params parent parents part parzen pas pass passed passes passing
path paths patience pbt peak per percent perfect perform performance performed performing performs
perhaps phase photo photos phrases pick picked picking picks pics picture pictures pinpoint pinpointed
pinpointing pinpoints pipeline place placed places placing plain plainly plan planning plans platform
please plenty pls plus plz pngs point pointed pointing pointless points policy population port ported
porting ports possible possibly post preannotate preannotated preannotates preannotating preceding
precision predict predicted predicting prediction predictions predictor predicts preempted prefer
preferably preferred preferring prefers prelabel prelabeled prelabeling prelabelled prelabelling
prelabels prepare prepared prepares preparing pretrain pretrained pretraining pretrains pretty previous
probably procedure proceed proceeded proceeding proceeds process processor produce produced produces
producing profile progress project prompt prompts proper properly prune pruned prunes pruning
przeszukiwania pseudo pt pth ptm ptq purpose purposes put puts putting quality quantified quantifies
quantify quantifying quantisation quantise quantised quantises quantising quantization quantize
quantized quantizes quantizing queries query queue queued queues queuing quick quickly quiero quit quite
quited quiting quits quitted quitting raise raised raises raising ran random randomly rate rather ray
read ready real really reason recall recent recherche recognise recognised recognises recognising
recognize recognized recognizes recognizing recommendation recommendations recordings rectangle rectangles
reduce reduced
reduces reducing reduction refrain refuse refused refuses refusing regarding regards regular reject
rejected rejecting rejects remain remains remove removed removes removing report reported reporting
reports request requested requesting requests require required requires requiring reside resides
respectively rest restart restarted restarting restarts restrict restricted restricting restricts result
resulting results results_dir results_root resume resumed resumes resuming retrain retrained retraining
retrains return returned returning returns ricerca right rise risen rises rising rng root rose roughly
round rounds row rt rtx ruled run rung rungs running runs s s3 safetensors said sake same sample sampler
samples sans save saved saves saving saw say says scan scaned scaning scanned scanning scans schedule
scheduled scheduler schedules scheduling score scored scores scoring scratch screenshots search searched
searcher searches searching sec second seconds secs see seed seeded seeding seeds seeing seen sees
segment segmentation segmented segmenting segments select selected selecting selects send sending sends
sense sent separate separated separates separating serialize serialized serializes serializing server
servers serves session sessions set sets setting settings shall she short shorter shortest shots should
show showed showing shown shows shut shuting shuts shutting side sign sigopt silhouette silhouetted
silhouettes silhouetting similar simple simply simultaneous simultaneously since sincerely single sit
sits situated size sizes skill skillbank skip skipped skipping skips slightly slurm small snapshot
snapshoted snapshoting snapshots so some somebody someone something somewhere soon sorry sort sorted
sorting sorts sounds source sources spare spec specialise specialised specialises specialising specialize
specialized specializes specializing spend spended spending spends spin split splits spot spots spotted
spotting spread stage standard start started starting starts state status stay stays step steps still
stop stopped stopping stops store stored stores storing straight straightforward strategy stuff submit
submited submiting submits subsequently success succession successive such suche suffice suffices
sufficient summed superfluous suppress suppressed suppresses suppressing sure sweep sweeped sweeping
sweeps swept switch switched switches switching tag tagged tagging tags take taken takes taking tanpa
target targets task taught teach teaches teaching team tell telling tells ten tensor tensorrt tenth terminate
terminated terminates terminating terms test tested testing tests testset text than thank thanks that
that's the their them themselves then there there's these they thing things think third this those
though thr thresh threshold thresholds through throw throwed throwing throws thus thx time timeout times
tiny tlt to today todo together told tomorrow tonight too took tops total towards tpe tr trace traced
traces tracing train traindata trained training trainings trains trainset transfer transfered
transfering transfers transform transformed transformer transformers transforming transforms translate
translated translates translating tree trial trials tried tries trigger triggered triggering triggers
trn trouble trt true truncated try trying tune tuned tunes tuning turn turned turning turns twice type u
undecodable under unlabeled unlabelled unnecessary unneeded unreadable unsuccessful until unwanted up
updates upload uploaded uploading uploads upon ur uri url us use used useless uses using usual usually v
val valdata vali valid validate validated validates validating validation validations valset value
values vanilla variant varied varies vary varying verified verifies verify verifying version very via
video videos visible vizier von w wall wandb want wanted wanting wants warm warmed warming warms
warmstart warmstarted warmstarting warmstarts was waste watch watched watches watching way we we'd we'll
we're we've weed weeded weeding weeds week weekend weeks weight weights welcome well went were what
whatever whatsoever when whenever where whether which while whilst who whole whose why will wish with
within without wonder wonderful wondering words work worked workers workflow working works workspace
workstations worth would write writes writing written wrote x yaml yes yesterday yet yield yielded
yielding yields yo yok you you'd you're your yours yourself zero
"""
REQUEST_WORDS = frozenset(_TEXT.split())
"""What the reader of requests understands by itself; it must hold all that the reader knows."""


def only_request_words(name: str) -> bool:
    """Whether a name is made of words of requests, numbers and single letters alone."""
    words = re.findall(r"[^\W_]+", name.lower())
    return all(w in REQUEST_WORDS or w.isdigit() or len(w) == 1 for w in words)
