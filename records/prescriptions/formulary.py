"""A small list of common medicines for demo and tests. Adults' usual dosages: a start for typing, never advice.

Codes are those of WHO's ATC classification. One line each: name (other names) | code | forms | strengths | dosages.
Micrograms are written out, because an abbreviation has been read as milligrams.
"""

# ruff: noqa: E501  (one medicine, one line)

LINES = """
Paracetamol (acetaminophen) | N02BE01 | tablet; suppository | 500 mg, 1000 mg | 1 up to 4 times a day, at least 6 hours apart
Ibuprofen | M01AE01 | tablet; capsule | 200 mg, 400 mg, 600 mg | 1 up to 3 times a day, with food
Naproxen | M01AE02 | tablet | 250 mg, 500 mg | 1 tablet twice a day, with food
Diclofenac | M01AB05 | tablet | 25 mg, 50 mg, 75 mg | 1 tablet twice a day, with food
Metamizole (metamizol, dipyrone) | N02BB02 | tablet | 500 mg | 1 tablet up to 4 times a day
Sumatriptan | N02CC01 | tablet | 50 mg, 100 mg | 1 tablet at the start of the attack, at most 2 in 24 hours
Amoxicillin | J01CA04 | capsule | 500 mg, 1000 mg | 1 capsule 3 times a day, 7 days
Amoxicillin and clavulanic acid (co-amoxiclav) | J01CR02 | tablet | 500/125 mg, 875/125 mg | 1 tablet twice a day, 7 days
Phenoxymethylpenicillin (penicillin V) | J01CE02 | tablet | 250 mg, 500 mg | 1 tablet 4 times a day, 7 days
Cefalexin (cephalexin) | J01DB01 | capsule | 250 mg, 500 mg | 1 capsule 3 times a day, 7 days
Cefuroxime | J01DC02 | tablet | 250 mg, 500 mg | 1 tablet twice a day, 7 days
Azithromycin | J01FA10 | tablet | 250 mg, 500 mg | 1 tablet once a day, 3 days
Clarithromycin | J01FA09 | tablet | 250 mg, 500 mg | 1 tablet twice a day, 7 days
Doxycycline | J01AA02 | tablet | 100 mg | 1 tablet once a day, 7 days
Ciprofloxacin | J01MA02 | tablet | 250 mg, 500 mg | 1 tablet twice a day, 7 days
Sulfamethoxazole and trimethoprim (co-trimoxazole) | J01EE01 | tablet | 400/80 mg, 800/160 mg | 1 tablet twice a day, 3 days
Nitrofurantoin | J01XE01 | prolonged-release capsule | 100 mg | 1 capsule twice a day, 5 days
Fosfomycin | J01XX01 | granules for oral solution | 3 g | 1 sachet once, at bedtime
Metronidazole | P01AB01 | tablet | 250 mg, 400 mg, 500 mg | 1 tablet 3 times a day, 7 days
Fluconazole | J02AC01 | capsule | 50 mg, 150 mg | 1 capsule once
Aciclovir (acyclovir) | J05AB01 | tablet | 200 mg, 400 mg, 800 mg | 1 tablet 5 times a day, 7 days
Omeprazole | A02BC01 | gastro-resistant capsule | 20 mg, 40 mg | 1 capsule once a day, before breakfast
Pantoprazole | A02BC02 | gastro-resistant tablet | 20 mg, 40 mg | 1 tablet once a day, before breakfast
Esomeprazole | A02BC05 | gastro-resistant tablet | 20 mg, 40 mg | 1 tablet once a day, before breakfast
Metoclopramide | A03FA01 | tablet | 10 mg | 1 tablet up to 3 times a day, 5 days at most
Ondansetron | A04AA01 | tablet | 4 mg, 8 mg | 1 tablet twice a day
Loperamide | A07DA03 | capsule | 2 mg | 2 capsules at first, then 1 after each loose stool, at most 8 a day
Macrogol (polyethylene glycol) | A06AD15 | powder for oral solution | 10 g | 1 sachet once a day, in a glass of water
Lactulose | A06AD11 | syrup | 667 mg/ml | 15 ml once a day
Metformin | A10BA02 | tablet | 500 mg, 850 mg, 1000 mg | 1 tablet twice a day, with meals
Sitagliptin | A10BH01 | tablet | 25 mg, 50 mg, 100 mg | 1 tablet once a day
Empagliflozin | A10BK03 | tablet | 10 mg, 25 mg | 1 tablet once a day, in the morning
Insulin glargine | A10AE04 | solution for injection in a pen | 100 units/ml | as in your plan, once a day at the same time
Levothyroxine sodium (levothyroxine, thyroxine) | H03AA01 | tablet | 25 micrograms, 50 micrograms, 75 micrograms, 100 micrograms | 1 tablet once a day, half an hour before breakfast
Prednisolone | H02AB06 | tablet | 5 mg, 20 mg | 1 tablet once a day, in the morning
Atorvastatin | C10AA05 | tablet | 10 mg, 20 mg, 40 mg, 80 mg | 1 tablet once a day
Simvastatin | C10AA01 | tablet | 10 mg, 20 mg, 40 mg | 1 tablet once a day, in the evening
Rosuvastatin | C10AA07 | tablet | 5 mg, 10 mg, 20 mg | 1 tablet once a day
Ezetimibe | C10AX09 | tablet | 10 mg | 1 tablet once a day
Ramipril | C09AA05 | tablet | 2.5 mg, 5 mg, 10 mg | 1 tablet once a day
Lisinopril | C09AA03 | tablet | 5 mg, 10 mg, 20 mg | 1 tablet once a day
Enalapril | C09AA02 | tablet | 5 mg, 10 mg, 20 mg | 1 tablet once a day
Candesartan | C09CA06 | tablet | 4 mg, 8 mg, 16 mg, 32 mg | 1 tablet once a day
Losartan | C09CA01 | tablet | 25 mg, 50 mg, 100 mg | 1 tablet once a day
Valsartan | C09CA03 | tablet | 80 mg, 160 mg | 1 tablet once a day
Amlodipine | C08CA01 | tablet | 5 mg, 10 mg | 1 tablet once a day
Bisoprolol | C07AB07 | tablet | 1.25 mg, 2.5 mg, 5 mg, 10 mg | 1 tablet once a day, in the morning
Metoprolol | C07AB02 | prolonged-release tablet | 47.5 mg, 95 mg | 1 tablet once a day, in the morning
Hydrochlorothiazide | C03AA03 | tablet | 12.5 mg, 25 mg | 1 tablet once a day, in the morning
Furosemide | C03CA01 | tablet | 20 mg, 40 mg | 1 tablet once a day, in the morning
Torasemide (torsemide) | C03CA04 | tablet | 5 mg, 10 mg, 20 mg | 1 tablet once a day, in the morning
Spironolactone | C03DA01 | tablet | 25 mg, 50 mg, 100 mg | 1 tablet once a day
Acetylsalicylic acid (aspirin) | B01AC06 | tablet | 75 mg, 100 mg | 1 tablet once a day
Clopidogrel | B01AC04 | tablet | 75 mg | 1 tablet once a day
Apixaban | B01AF02 | tablet | 2.5 mg, 5 mg | 1 tablet twice a day
Rivaroxaban | B01AF01 | tablet | 10 mg, 15 mg, 20 mg | 1 tablet once a day, with food
Glyceryl trinitrate (nitroglycerin) | C01DA02 | sublingual spray | 0.4 mg/dose | 1 to 2 puffs under the tongue when the chest hurts
Salbutamol (albuterol) | R03AC02 | inhaler | 100 micrograms/dose | 1 to 2 puffs when short of breath, at most 8 a day
Budesonide | R03BA02 | inhaler | 200 micrograms/dose | 1 puff twice a day; rinse the mouth afterwards
Formoterol and budesonide | R03AK07 | inhaler | 4.5/160 micrograms/dose | 1 puff twice a day; rinse the mouth afterwards
Tiotropium bromide | R03BB04 | inhalation powder in capsules | 18 micrograms | 1 capsule inhaled once a day
Montelukast | R03DC03 | tablet | 10 mg | 1 tablet once a day, in the evening
Cetirizine | R06AE07 | tablet | 10 mg | 1 tablet once a day
Loratadine | R06AX13 | tablet | 10 mg | 1 tablet once a day
Desloratadine | R06AX27 | tablet | 5 mg | 1 tablet once a day
Xylometazoline | R01AA07 | nasal spray | 0.1 % | 1 puff into each nostril up to 3 times a day, 7 days at most
Mometasone | R01AD09 | nasal spray | 50 micrograms/dose | 2 puffs into each nostril once a day
Sertraline | N06AB06 | tablet | 50 mg, 100 mg | 1 tablet once a day
Citalopram | N06AB04 | tablet | 10 mg, 20 mg, 40 mg | 1 tablet once a day
Escitalopram | N06AB10 | tablet | 5 mg, 10 mg, 20 mg | 1 tablet once a day
Venlafaxine | N06AX16 | prolonged-release capsule | 37.5 mg, 75 mg, 150 mg | 1 capsule once a day, with food
Mirtazapine | N06AX11 | tablet | 15 mg, 30 mg, 45 mg | 1 tablet once a day, at bedtime
Levetiracetam | N03AX14 | tablet | 250 mg, 500 mg, 1000 mg | 1 tablet twice a day
Allopurinol | M04AA01 | tablet | 100 mg, 300 mg | 1 tablet once a day, after a meal
Colchicine | M04AC01 | tablet | 0.5 mg | 1 tablet twice a day
Alendronic acid (alendronate) | M05BA04 | tablet | 70 mg | 1 tablet once a week, upright, half an hour before breakfast
Colecalciferol (cholecalciferol, vitamin D) | A11CC05 | capsule | 1000 IU | 1 capsule once a day
Folic acid | B03BB01 | tablet | 0.4 mg, 5 mg | 1 tablet once a day
Ferrous sulfate (iron) | B03AA07 | tablet | 200 mg | 1 tablet once a day, on an empty stomach
Tamsulosin | G04CA02 | prolonged-release capsule | 0.4 mg | 1 capsule once a day, after breakfast
Hydrocortisone | D07AA02 | cream | 1 % | thinly on the skin once or twice a day, 7 days
Clotrimazole | D01AC01 | cream | 1 % | thinly on the skin 2 to 3 times a day, 4 weeks
Fusidic acid | D06AX01 | cream | 2 % | thinly on the skin 3 times a day, 7 days
Latanoprost | S01EE01 | eye drops | 50 micrograms/ml | 1 drop into each eye once a day, in the evening
"""
