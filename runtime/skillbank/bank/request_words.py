"""The words that requests are made of: no skill may take one of them as its name.

A bank is data that nobody vouches for. An alias such as ``train``, ``no hpo`` or ``on docker`` would turn the
words of every request into its name, so what is made of these words alone names no skill.
"""

from __future__ import annotations

import re

__all__ = ["REQUEST_WORDS", "only_request_words"]

_TEXT = """
a able about above above-mentioned according account accuracy across action actual actually adam adapt
adapted adapting adapts add added adding additional additionally adds advance aforementioned after
afternoon afterwards again against ahead all alone along already alright also always am among amount an
and annotate annotations another any anymore anything anyway apart apply appreciate approval approve
approved arch architecture are around as asap ask assemble assembled assembles assembling assess assessed
assesses assessing at attempt augmentation automl automl_policy available avoid away awesome az back
backbone batch bayesian be because been before began begin begining begins begun being below benchmark
benchmarked benchmarking benchmarks best better between bf16 big bigger bit bitte boss both bother boxes
bring bringed bringing brings bucket build building builds built bumped but by bye calibrating calibration
called camera can cancel capped captions carry carrying case chance change changed changes changing
checkpoint checkpoints cheers circumstances class classes classifier cluster colleague come comes coming
command commence commenced commences commencing compare compile compiled compiles compiling complete
concerning conduct conducted conducting conducts confidence confirm construct constructed constructing
constructs container continue continued continues continuing convert converted converting converts corpus
corresponding could count course cpu create created creates creating crops cuda current currently customer
cycle danke data dataset datasets day days dear decay default defaults definitely deploy deployment
desired detect detection detector detectors dev device devices did dir directly directories directory
disable disabled disk display distill distillation distilled distilling distillled distillling distills do
docker does doing done dos double doubled draw drive drop dump dumpped dumpping dumps each easy either
else email enable enabled end engine enough enqueue enqueued enqueues enqueuing epoch epochs equal equals
eval evaled evaling evalled evalling evals evaluate evaluated evaluates evaluating evaluation even evening
evenings ever every everyone everything exactly examples except excluding execute executed executes
executing experiment experiments export exported exporting exports fancy far feature few file files final
finally find fine finetune finetuned finetunes finetuning finish finished fire first fit fits fitted
fitting fix fixed folder folders folks followed following follows footage for force forget format forward
found fourth fp16 fp32 frame frames fresh from full fully further gcs gen gened generate generated
generates generating gening gens get gets getting give gived given gives giving go goes going good got gpu
gpus graph grateful great greetings gs guys had half hallo halved happen happy hard hardly has have having
held hello help her here hereby hey hf hi higher him his hold holdout hope how however hpo http https
hyperparameter hyperparameters i i'd i'll i'm i've id ideally if image images img imgs immediately in
include included includes including increase increased infer infered inference inferencing infering
inferring infers initial initiate initiated initiates initiating input inside instead int8 into invoke is
it it'd it's iterations its itself job jobs just k8s keep kept kick kicking kind kindly know kubernetes
kudos label labels large larger last lastly later latest launch launched launches launching lay layers
learning least leave left let lets lie lies like limit limited little live lives load local locally locate
located location locations long longer look lot lots love lower lowered lowering lowers lr made main make
makes making many mate material matter max may maybe mb me mean means measure mentioned might min mind
mine minio minus minute mixed mode model models moment momentum month more morning most much must my
myself name named namely need needed needing needs neither net network networks never new newest next nice
nicely no nobody node nodes none nor normal not nothing now nowadays num number object objects obliged of
off often ok okay old omit on once one ones only onnx onto onward open opset optimisation optimise
optimised optimises optimising optimization optimize optimized optimizer optimizes optimizing options or
order other otherwise our ours out output over own parameter parameters parent parents part pass path
paths per percent perform performed performing performs perhaps phase photo photos pick picked pics
picture pictures pipeline place plain plan planning plans platform please plenty pls plz point policy port
ported porting ports possible possibly preceding precision predict predicted predicting prediction
predictions predictor predicts preferably prepare prepared prepares preparing pretrained pretty previous
probably procedure proceed process produce produced produces producing profile project prompts proper
properly prune pruned prunes pruning ptq purpose purposes put puts putting quantisation quantise quantised
quantises quantising quantization quantize quantized quantizes quantizing queue queued queues queuing
quick quickly quite raise raised ran rate rather ready real really reason recent recordings reduce reduced
refrain regarding regards request requested requesting requests require required requires requiring reside
resides respectively rest restart restarted restarting restarts result resulting results results_dir
results_root resume resumed resumes resuming retrain retrained retraining retrains right root round run
running runs s3 said sake same sample samples save saved saves saving say scans schedule scheduled
schedules scheduling score scored scores scoring scratch screenshots search second seed segmentation send
sense separate serialize serialized serializes serializing server session sessions set sets settings shall
she short shots should show simple simply since sincerely single sit sits situated size skill skillbank
skip slurm small so some somebody someone something somewhere soon sorry source sources specialise
specialised specialises specialising specialize specialized specializes specializing spin split splits
spread stage start started starting starts stay stays step steps still stop store stored straight stuff
submit submited submiting submits subsequently such sure sweep switch take taken takes task taught teach
teaches teaching team tell ten tensorrt test testing than thank thanks that that's the their them
themselves then there there's these they thing things think third this those though threshold thresholds
through thus thx time times tiny to today todo together tomorrow tonight too towards train trained
training trains transfer transfered transfering transfers transform transformed transformer transformers
transforming transforms translate translated translates translating trial trials trigger triggered
triggering triggers trouble trt try trying tuning turn turned turning turns twice type u under until up
upload upon ur uri url us use used uses using usual usually val valid validate validating validation value
variant version very via video videos wandb want wanted wanting wants was way we we'd we'll we're we've
week weekend weeks weight weights well went were what whatever when whenever where whether which while
whilst who whole whose why will wish with within without wonder wonderful wondering work workers workflow
working works workspace worth would write writes writing written wrote yes yesterday yet yo you you'd
you're your yours yourself
"""
REQUEST_WORDS = frozenset(_TEXT.split())
"""What the reader of requests understands by itself; it must hold all that the reader knows."""


def only_request_words(name: str) -> bool:
    """Whether a name is made of words of requests, numbers and single letters alone."""
    words = re.findall(r"[^\W_]+", name.lower())
    return all(w in REQUEST_WORDS or w.isdigit() or len(w) == 1 for w in words)
