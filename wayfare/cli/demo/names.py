"""Names for people who do not exist, a list a language: as written there, with an ASCII form for e-mail addresses.

A surname that changes with the sex is written "male/female".
"""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Names:
    """Names of one language, in lines of `native=ascii`."""

    female_lines: str
    male_lines: str
    surname_lines: str

    @cached_property
    def female(self) -> tuple[tuple[str, str], ...]:
        """Return female first names, each (native, ASCII)."""
        return _pairs(self.female_lines)

    @cached_property
    def male(self) -> tuple[tuple[str, str], ...]:
        """Return male first names, each (native, ASCII)."""
        return _pairs(self.male_lines)

    @cached_property
    def surnames(self) -> tuple[tuple[str, str], ...]:
        """Return surnames, each (native, ASCII), both with a slash where the sexes differ."""
        return _pairs(self.surname_lines)


def of_sex(name: str, sex: str) -> str:
    """Return the form of a surname for a sex."""
    male, _, female = name.partition("/")
    return (female or male) if sex == "female" else male


def _pairs(lines: str) -> tuple[tuple[str, str], ...]:
    found = []
    for word in " ".join(lines.split("\n")).split():
        native, _, ascii_form = word.partition("=")
        found.append((native, ascii_form or native.lower()))
    return tuple(found)


UKRAINIAN = Names(
    """Олена=olena Наталія=nataliia Оксана=oksana Ірина=iryna Тетяна=tetiana Юлія=yuliia Світлана=svitlana
    Марія=mariia Анна=anna Катерина=kateryna Людмила=liudmyla Ольга=olha Вікторія=viktoriia Дарина=daryna
    Софія=sofiia Соломія=solomiia Зоряна=zoriana Лариса=larysa Галина=halyna Любов=liubov Надія=nadiia
    Христина=khrystyna Анастасія=anastasiia Богдана=bohdana Мар'яна=mariana""",
    """Олександр=oleksandr Андрій=andrii Сергій=serhii Володимир=volodymyr Микола=mykola Іван=ivan Дмитро=dmytro
    Василь=vasyl Юрій=yurii Михайло=mykhailo Богдан=bohdan Тарас=taras Олег=oleh Максим=maksym Остап=ostap
    Назар=nazar Ярослав=yaroslav Павло=pavlo Роман=roman Віталій=vitalii Ігор=ihor Євген=yevhen""",
    """Шевченко=shevchenko Коваленко=kovalenko Бондаренко=bondarenko Ткаченко=tkachenko Кравченко=kravchenko
    Олійник=oliinyk Поліщук=polishchuk Бойко=boiko Мельник=melnyk Шевчук=shevchuk Лисенко=lysenko
    Марченко=marchenko Савченко=savchenko Руденко=rudenko Петренко=petrenko Клименко=klymenko Левченко=levchenko
    Харченко=kharchenko Мороз=moroz Кравчук=kravchuk Гончаренко=honcharenko Романюк=romaniuk Коваль=koval
    Гнатюк=hnatiuk Дяченко=diachenko Яременко=yaremenko Вишневський/Вишневська=vyshnevskyi/vyshnevska
    Левицький/Левицька=levytskyi/levytska Соколовський/Соколовська=sokolovskyi/sokolovska
    Заболотний/Заболотна=zabolotnyi/zabolotna Ґава=gava""",
)

POLISH = Names(
    """Anna=anna Maria=maria Katarzyna=katarzyna Małgorzata=malgorzata Agnieszka=agnieszka Barbara=barbara Ewa=ewa
    Magdalena=magdalena Elżbieta=elzbieta Joanna=joanna Zofia=zofia Hanna=hanna Alicja=alicja Łucja=lucja
    Świętosława=swietoslawa Julia=julia Natalia=natalia Wiktoria=wiktoria""",
    """Piotr=piotr Krzysztof=krzysztof Andrzej=andrzej Tomasz=tomasz Paweł=pawel Michał=michal Marcin=marcin
    Jakub=jakub Łukasz=lukasz Grzegorz=grzegorz Wojciech=wojciech Stanisław=stanislaw Jan=jan Mateusz=mateusz
    Szymon=szymon""",
    """Nowak=nowak Wójcik=wojcik Kowalczyk=kowalczyk Woźniak=wozniak Mazur=mazur Krawczyk=krawczyk Zając=zajac
    Król=krol Wróbel=wrobel Wieczorek=wieczorek Stępień=stepien Dudek=dudek Pawlak=pawlak Sikora=sikora
    Baran=baran Kowalski/Kowalska=kowalski/kowalska Wiśniewski/Wiśniewska=wisniewski/wisniewska
    Zieliński/Zielińska=zielinski/zielinska Szymański/Szymańska=szymanski/szymanska
    Dąbrowski/Dąbrowska=dabrowski/dabrowska Jabłoński/Jabłońska=jablonski/jablonska
    Ostrowski/Ostrowska=ostrowski/ostrowska""",
)

GEORGIAN = Names(
    """ნინო=nino თამარ=tamar მარიამ=mariam ანა=ana ნანა=nana ეკატერინე=ekaterine ნათია=natia სალომე=salome
    ქეთევან=ketevan ლელა=lela მაია=maia ხატია=khatia თინათინ=tinatin ელენე=elene ბარბარე=barbare ლიკა=lika""",
    """გიორგი=giorgi დავით=davit ზურაბ=zurab ლევან=levan ნიკა=nika ლუკა=luka ირაკლი=irakli თორნიკე=tornike
    ვახტანგ=vakhtang ალექსანდრე=aleksandre სანდრო=sandro ზაზა=zaza გელა=gela მამუკა=mamuka""",
    """ბერიძე=beridze კაპანაძე=kapanadze გელაშვილი=gelashvili მაისურაძე=maisuradze გიორგაძე=giorgadze ლომიძე=lomidze
    წიკლაური=tsiklauri ბოლქვაძე=bolkvadze კვარაცხელია=kvaratskhelia ჩხაიძე=chkhaidze ნოზაძე=nozadze
    ხუციშვილი=khutsishvili აბაშიძე=abashidze მჭედლიშვილი=mchedlishvili ჯაფარიძე=japaridze თოდუა=todua""",
)

KAZAKH = Names(
    """Айгүл=aigul Әсел=asel Динара=dinara Гүлнар=gulnar Мадина=madina Жанар=zhanar Айжан=aizhan Сәуле=saule
    Алия=aliya Қарлығаш=qarlygash Ботагөз=botagoz Еркежан=yerkezhan Томирис=tomiris Назерке=nazerke""",
    """Нұрлан=nurlan Ерлан=yerlan Арман=arman Бауыржан=bauyrzhan Қайрат=qairat Данияр=daniyar Асқар=asqar Тимур=timur
    Әлихан=alikhan Мейрам=meiram Санжар=sanzhar Олжас=olzhas Рүстем=rustem""",
    """Ахметов/Ахметова=akhmetov/akhmetova Омаров/Омарова=omarov/omarova Сұлтанов/Сұлтанова=sultanov/sultanova
    Ибраев/Ибраева=ibraev/ibraeva Қасымов/Қасымова=qasymov/qasymova Нұрғалиев/Нұрғалиева=nurgaliev/nurgalieva
    Жұмабаев/Жұмабаева=zhumabaev/zhumabaeva Төлегенов/Төлегенова=tolegenov/tolegenova
    Әбдірахманов/Әбдірахманова=abdirakhmanov/abdirakhmanova Сейітқызы=seitqyzy Бекмұрат=bekmurat Есенбай=yesenbai""",
)

AZERBAIJANI = Names(
    """Aygün=aygun Leyla=leyla Günay=gunay Sevinc=sevinc Nigar=nigar Aytən=ayten Gülnar=gulnar Lalə=lale Könül=konul
    Ülviyyə=ulviyye Fidan=fidan Zeynəb=zeyneb Nərmin=nermin""",
    """Elçin=elchin Rəşad=reshad Vüqar=vuqar Orxan=orkhan Tural=tural Kamran=kamran Emin=emin Əli=ali Murad=murad
    Ramil=ramil İlqar=ilqar Anar=anar Şahin=shahin""",
    """Məmmədov/Məmmədova=mammadov/mammadova Əliyev/Əliyeva=aliyev/aliyeva Həsənov/Həsənova=hasanov/hasanova
    Hüseynov/Hüseynova=huseynov/huseynova Quliyev/Quliyeva=quliyev/quliyeva
    İsmayılov/İsmayılova=ismayilov/ismayilova Abdullazadə=abdullazada Rəsulzadə=rasulzada Qasımlı=qasimli
    Vəlizadə=valizada Nəbiyev/Nəbiyeva=nabiyev/nabiyeva""",
)

ENGLISH = Names(
    """Olivia Emily Charlotte Grace Sophie Hannah Lucy Alice Eleanor Victoria Rebecca Zoë=zoe Jessica Megan Holly
    Siân=sian""",
    """Oliver Harry George Jack William Thomas James Daniel Samuel Edward Benjamin Matthew Callum Rhys Liam""",
    """Smith Jones Taylor Brown Wilson Evans Thomas Roberts Walker Wright Thompson White Hughes Edwards Green Hall
    Wood Harris Clarke Patel Bennett Fraser O'Connor=oconnor Lloyd-Jones=lloyd-jones""",
)
